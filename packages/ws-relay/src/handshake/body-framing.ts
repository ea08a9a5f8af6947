import { GatewayError } from '@ocelot/core';

import type { ResponseHead } from './response-head.js';
import { headerValues, listElements } from '@ocelot/relay-kit';

/** How the end of a response's body is known (RFC 9112 §6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

/**
 * Reads how the answer to a GET is framed. What is ambiguous is refused: two parties that read it differently can be
 * made to disagree on where an answer ends.
 * @throws GatewayError BACKEND_HANDSHAKE_INVALID.
 */
export function bodyFraming(head: ResponseHead): BodyFraming {
  const codings = listElements(headerValues(head.rawHeaders, 'transfer-encoding'));
  const lengths = headerValues(head.rawHeaders, 'content-length');
  if (codings.length > 0) {
    if (lengths.length > 0) throw fault('sends both Content-Length and Transfer-Encoding');
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked' || head.httpMinor === 0) {
      throw fault('sends a Transfer-Encoding other than chunked');
    }
  }
  if (lengths.length > 1 || !lengths.every((length) => /^\d{1,15}$/.test(length))) {
    throw fault('sends an invalid Content-Length');
  }
  if (head.status === 204 || head.status === 304) return { kind: 'none' };
  if (codings.length > 0) return { kind: 'chunked' };
  if (lengths[0] === undefined) return { kind: 'until-close' };
  return lengths[0] === '0' ? { kind: 'none' } : { kind: 'length', bytes: Number(lengths[0]) };
}

function fault(what: string): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_HANDSHAKE_INVALID', { details: { fault: `the backend ${what}` } });
}
