import type { GatewayError } from '@ocelot/core';

import { isToken } from './tokens.js';

/** A stage may put what a client sent into a header of its refusal: no value may end its line (RFC 9110 §5.5). */
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/g;

/** What says how a refusal is framed and what it is: whatever a stage or a transform says of it is dropped. */
const OWN: ReadonlySet<string> = new Set(['content-type', 'content-length', 'connection', 'transfer-encoding']);

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * The body of a refusal: the error's own, or JSON. The client sees status, code, message and request id, never the cause.
 * @param requestId The exchange's id, on the log line too; undefined before there was one.
 */
export function refusalBody(error: GatewayError, status: number, requestId: string | undefined): string {
  if (error.body !== undefined) return error.body.text;
  return `${JSON.stringify({ status, code: error.code, message: error.message, requestId })}\n`;
}

/**
 * The headers of a refusal beside those of its hop: name, value, …; the error's own behind ours, and in place of
 * `Cache-Control`. What is no name is left out: it would make the answer invalid.
 * @param body What {@link refusalBody} gives.
 */
export function refusalHeaders(error: GatewayError, body: string): readonly string[] {
  const given = Object.entries(error.headers).filter(([name]) => isToken(name) && !OWN.has(name.toLowerCase()));
  const isCached = given.some(([name]) => name.toLowerCase() === 'cache-control');
  return [
    'Content-Type',
    text(error.body?.contentType ?? JSON_TYPE),
    'Content-Length',
    String(Buffer.byteLength(body)),
    ...(isCached ? [] : ['Cache-Control', 'no-store']),
    ...given.flatMap(([name, value]) => [value].flat().flatMap((line) => [name, text(line)])),
  ];
}

function text(value: string): string {
  return value.replace(CONTROL, ' ');
}
