// Runs once per request: one property is written, nothing is allocated.

import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const LATEST: unique symbol = Symbol('latest answer');

/** A connection that knows the answer to its latest request. */
interface Served extends Duplex {
  [LATEST]?: ServerResponse;
}

/** Remembers that `socket` is owed an answer. To be called for each request of it. */
export function noteAnswer(socket: Duplex, response: ServerResponse): void {
  const served: Served = socket;
  served[LATEST] = response;
}

/** The answer to the latest request of `socket`, unless that is over; those before it are over too then. */
export function owedAnswer(socket: Duplex): ServerResponse | undefined {
  const { [LATEST]: latest }: Served = socket;
  return latest === undefined || latest.closed ? undefined : latest;
}

/**
 * Goes on once every request of `socket` was answered, which is at once for almost everybody. Who sends an upgrade, or
 * what is no HTTP, behind a request that is still being answered (pipelining) would else get its answer amid that one;
 * answers keep the order of requests (RFC 9112 §9.3.2). Node has nobody wait.
 *
 * `proceed` is not called when the connection ends meanwhile.
 */
export function afterAnswers(socket: Duplex, proceed: () => void): void {
  const owed = owedAnswer(socket);
  if (owed === undefined) {
    proceed();
    return;
  }
  owed.once('close', () => {
    if (!socket.writable) return;
    // The end of an answer has set the limit of a connection without requests.
    if ('setTimeout' in socket && typeof socket.setTimeout === 'function') socket.setTimeout(0);
    proceed();
  });
}
