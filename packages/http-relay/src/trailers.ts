import type { OutgoingHttpHeaders } from 'node:http2';

import { http2Headers } from '@ocelot/relay-kit';

/**
 * Fields that nobody may find behind a message: those of framing, routing, authentication and forwarding, and those that
 * say how the rest is to be read (RFC 9110 §6.5.1). Whoever joins trailers to the head would believe them.
 */
const NEVER =
  /^(?:age|authorization|cache-control|connection|content-(?:encoding|length|range|type)|cookie|date|expect|expires|forwarded|host|if-.*|keep-alive|location|max-forwards|pragma|proxy-.*|range|retry-after|set-cookie|te|trailer|transfer-encoding|upgrade|vary|www-authenticate|x-client-cert.*|x-forwarded-.*|x-real-ip)$/i;

/** The trailers of a message that may go on, in their order: name and value. */
export function allowedTrailers(raw: readonly string[]): [string, string][] {
  const kept: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    // `_` is `-` to whatever makes variables of headers (CGI, WSGI, Rack).
    if (!NEVER.test(name.replaceAll('_', '-'))) kept.push([name, raw[i + 1] ?? '']);
  }
  return kept;
}

/** The same as HTTP/2 takes them: lines of one name become one (RFC 9110 §5.3). */
export function allowedHttp2Trailers(raw: readonly string[]): OutgoingHttpHeaders {
  return http2Headers(allowedTrailers(raw).flat());
}
