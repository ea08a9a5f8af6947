// Once per answer.
import { type Admission, GatewayError } from '@ocelot/core';
import { endToEndHeaders, hasToken, headerValues, isHopByHop } from '@ocelot/relay-kit';

import type { BackendAnswer } from './backend/call.js';
import type { AnswerHead } from './client/answer-writer.js';

/**
 * Makes the head for the client out of a backend's: end-to-end headers, as policies, stages and transforms want them,
 * and a framing of this connection's own.
 * @throws GatewayError BACKEND_ANSWER_INVALID when nobody could say for sure where the answer ends (RFC 9112 §6.3).
 */
export function answerHead(
  admission: Admission,
  { status, reason, rawHeaders }: BackendAnswer,
  isHttp2: boolean,
  isLast: boolean,
): AnswerHead {
  const codings = headerValues(rawHeaders, 'transfer-encoding');
  if (codings.length > 1 || (codings[0] ?? 'chunked').toLowerCase() !== 'chunked') {
    const details = { reason: 'its only transfer coding may be chunked' };
    throw new GatewayError('OCELOT_ERR_BACKEND_ANSWER_INVALID', { details });
  }
  const received = endToEndHeaders(rawHeaders);
  const changed = admission.answerHeaders(status, received);
  const given = changed === received ? received : withFramingOf(received, changed);
  const isChunked = codings.length > 0;
  return {
    status,
    reason,
    rawHeaders: framed(admission, status, given, isChunked),
    upgrade: status === 426 && !isHttp2 ? headerValues(rawHeaders, 'upgrade').join(', ') : '',
    trailer: isChunked && takesTrailers(admission) ? headerValues(rawHeaders, 'trailer').join(', ') : '',
    isLast,
  };
}

/** `Content-Length` says how long the body is that this client gets, or it says nothing (RFC 9110 §8.6). */
function framed(
  { route, request }: Admission,
  status: number,
  rawHeaders: readonly string[],
  isChunked: boolean,
): readonly string[] {
  const method = route.http.method ?? request.method;
  // Asked by HEAD in the client's place, a backend tells the length of what it does not send.
  const isEmptied = method === 'HEAD' && request.method !== 'HEAD';
  if (!isChunked && !isEmptied && status !== 204) return rawHeaders;
  const kept = without(rawHeaders, 'content-length');
  return isEmptied && status !== 204 && status !== 304 ? [...kept, 'Content-Length', '0'] : kept;
}

/** Nobody but the relay frames an answer, or speaks for its hop: what a stage or a transform says of it is dropped. */
function withFramingOf(received: readonly string[], changed: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < changed.length; i += 2) {
    const name = changed[i] ?? '';
    const folded = name.toLowerCase();
    if (folded !== 'content-length' && !isHopByHop(folded)) kept.push(name, changed[i + 1] ?? '');
  }
  const [length] = headerValues(received, 'content-length');
  return length === undefined ? kept : [...kept, 'Content-Length', length];
}

function without(rawHeaders: readonly string[], name: string): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const present = rawHeaders[i] ?? '';
    if (present.toLowerCase() !== name) kept.push(present, rawHeaders[i + 1] ?? '');
  }
  return kept;
}

function takesTrailers({ request }: Admission): boolean {
  return hasToken(headerValues(request.rawHeaders, 'te'), 'trailers');
}
