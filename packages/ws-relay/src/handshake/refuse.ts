import { STATUS_CODES } from 'node:http';

import type { Clock, GatewayError } from '@ocelot/core';

import type { Leg } from '../transfer/leg.js';
import { linger } from './linger.js';

/** A stage may put what a client sent into a header of its refusal: no value may end its line (RFC 9110 §5.5). */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/g;

/** What a refusal says beside its error. */
export interface Refusal {
  readonly error: GatewayError;
  /** The status to answer with; 0 answers nothing, because nobody is there to read. */
  readonly status: number;
  /** The exchange's id, on the log line too; undefined before there was one. */
  readonly requestId: string | undefined;
}

/**
 * Answers a handshake with a real HTTP response and ends the connection: the client sees status, code, message and
 * request id, never the cause. What it sent behind its request is thrown away unread.
 */
export function refuse(leg: Leg, refusal: Refusal, clock: Clock): void {
  if (refusal.status === 0) {
    leg.destroy();
    return;
  }
  leg.write(refusalText(refusal));
  linger(leg, clock);
}

/** The response as text: head and JSON body. */
function refusalText({ error, status, requestId }: Refusal): string {
  const body = `${JSON.stringify({ status, code: error.code, message: error.message, requestId })}\n`;
  const extra = Object.entries(error.headers).map(([name, value]) => `${name}: ${value.replace(CONTROL, ' ')}`);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    // A sender of Upgrade names it in Connection (RFC 9110 §7.8): 426 does.
    `Connection: ${'Upgrade' in error.headers ? 'close, Upgrade' : 'close'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...extra,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
