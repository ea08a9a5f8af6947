import type { GatewayError } from '@ocelot/core';

import { isToken } from './tokens.js';

/** A stage may put what a client sent into a header of its refusal: no value may end its line (RFC 9110 §5.5). */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/g;

/**
 * The body of a refusal: the client sees status, code, message and request id, never the cause.
 * @param requestId The exchange's id, on the log line too; undefined before there was one.
 */
export function refusalBody(error: GatewayError, status: number, requestId: string | undefined): string {
  return `${JSON.stringify({ status, code: error.code, message: error.message, requestId })}\n`;
}

/**
 * The headers of a refusal beside those of its hop: name, value, …; the error's own behind ours. What is no name is left
 * out: it would make the answer invalid.
 */
export function refusalHeaders(error: GatewayError, body: string): readonly string[] {
  return [
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    ...Object.entries(error.headers)
      .filter(([name]) => isToken(name))
      .flatMap(([name, value]) => [name, value.replace(CONTROL, ' ')]),
  ];
}
