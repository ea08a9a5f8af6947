import { isRelayHeader } from '@ocelot/core';

import { refuseClaim } from './claim-refusal.js';

/**
 * Why a header cannot be made of a claim.
 * @returns undefined when it can.
 */
export function headerNameFault(name: string): string | undefined {
  if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) return `"${name}" is no header name (RFC 9110 §5.6.2).`;
  return isRelayHeader(name) ? `${name} belongs to the connection: the gateway writes it itself.` : undefined;
}

/**
 * A claim as the value of a header: its UTF-8 bytes, each as one character, which is how values travel here
 * (RFC 9110 §5.5, obs-text).
 * @throws GatewayError FORBIDDEN when it holds a control character, such as CR or LF (S13): no header may.
 */
export function headerValue(text: string, claim: string): string {
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) {
    throw refuseClaim('ClaimValueInvalid', claim, 'it holds a character that no header may hold');
  }
  return /^[\x09\x20-\x7e]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
