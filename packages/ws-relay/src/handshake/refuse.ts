import { STATUS_CODES } from 'node:http';

import type { Clock, GatewayError } from '@ocelot/core';
import { headerLines, refusalBody, refusalHeaders } from '@ocelot/relay-kit';

import type { Leg } from '../transfer/leg.js';
import { linger } from './linger.js';

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
  const body = refusalBody(error, status, requestId);
  // A sender of Upgrade names it in Connection (RFC 9110 §7.8): 426 does.
  const connection = 'Upgrade' in error.headers ? 'close, Upgrade' : 'close';
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: ${connection}\r\n`;
  return `${head}${headerLines(refusalHeaders(error, body))}\r\n${body}`;
}
