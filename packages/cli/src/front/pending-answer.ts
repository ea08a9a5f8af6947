// Runs once per request: one property is written, nothing is allocated but for requests that wait behind another one.

import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests of a connection that may wait behind the one that is being answered; HTTP/2 has as many streams. */
const MOST_WAITING = 100;

const LATEST: unique symbol = Symbol('latest answer');
const WAITING: unique symbol = Symbol('requests that wait');

/** A connection that knows the answer to its latest request, and how many requests wait behind an earlier one. */
interface Served extends Duplex {
  [LATEST]?: ServerResponse;
  [WAITING]?: number;
}

/**
 * Counts a request that comes while `socket` is still owed an answer (pipelining), until it is answered itself. To be
 * called for each request, before anything is done for it.
 *
 * Attack: a request that takes long, and behind it as many small ones as the network carries. Node goes on reading, and
 * keeps of each a hundred times its bytes.
 *
 * @returns false when too many wait: the connection is to be cut. Clients have to expect that (RFC 9112 §9.3.2).
 */
export function mayWait(socket: Duplex, response: ServerResponse): boolean {
  if (owedAnswer(socket) === undefined) return true;
  const served: Served = socket;
  const waiting = (served[WAITING] ?? 0) + 1;
  served[WAITING] = waiting;
  response.once('close', () => {
    served[WAITING] = (served[WAITING] ?? 0) - 1;
  });
  return waiting <= MOST_WAITING;
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
