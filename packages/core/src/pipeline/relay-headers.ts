/**
 * Headers of one hop (RFC 9110 §7.6.1) and those that a relay writes for the next hop itself, by canonical name. What
 * the client or the configuration says under these names is never sent on.
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
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
]);

/** Framing and expectations, which belong to whoever sends the message. */
const MESSAGE: ReadonlySet<string> = new Set(['content-length', 'expect']);

/**
 * The name by which some backends look a header up: without case, and `_` is `-` to whatever makes variables of headers
 * (CGI, WSGI, Rack): `X_Forwarded_For` would pass for `X-Forwarded-For`.
 */
export function canonicalHeaderName(name: string): string {
  const folded = name.toLowerCase();
  return folded.includes('_') ? folded.replaceAll('_', '-') : folded;
}

/**
 * Whether a header is the relay's own business, so that no configuration can set or change it: one of the hop (RFC 9110
 * §7.6.1), of the framing or of the WebSocket handshake. For plugins that write headers a configuration names.
 * @param name in any case; `_` counts as `-`.
 */
export function isRelayHeader(name: string): boolean {
  const canonical = canonicalHeaderName(name);
  return HOP_BY_HOP.has(canonical) || MESSAGE.has(canonical) || canonical.startsWith('sec-websocket-');
}
