import { refuseClaim } from './claim-refusal.js';

/** Headers of one hop (RFC 9110 §7.6.1), of framing and of the handshake: whoever sends the message writes them. */
const OF_THE_RELAY: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'content-length',
  'expect',
]);

/**
 * Why a header cannot be made of a claim.
 * @returns undefined when it can.
 */
export function headerNameFault(name: string): string | undefined {
  if (!/^[\w!#$%&'*+\-.^`|~]+$/.test(name)) return `"${name}" is no header name (RFC 9110 §5.6.2).`;
  const canonical = name.toLowerCase().replaceAll('_', '-');
  if (OF_THE_RELAY.has(canonical) || canonical.startsWith('sec-websocket-')) {
    return `${name} belongs to the connection: the gateway writes it itself.`;
  }
  return undefined;
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
