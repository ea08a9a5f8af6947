import type { OutgoingHttpHeaders } from 'node:http2';

import { http2Headers } from '@ocelot/relay-kit';

/**
 * Fields that nobody may find behind a message: those of framing, routing, authentication and forwarding, and those that
 * say how the rest is to be read (RFC 9110 §6.5.1). Whoever joins trailers to the head would believe them.
 */
const NEVER =
  /^(?:age|authorization|cache-control|connection|content-(?:encoding|length|range|type)|cookie|date|expect|expires|forwarded|host|if-.*|keep-alive|location|max-forwards|pragma|proxy-.*|range|retry-after|set-cookie|te|trailer|transfer-encoding|upgrade|vary|www-authenticate|x-client-cert.*|x-forwarded-.*|x-real-ip)$/i;

/**
 * The trailers of a message that may go on, in their order: name and value.
 * @param head Name, value, … of the head before them, where what stands there has to stay: of a request the headers that
 *   stages wrote, such as those made of claims, which a client must not say once more behind its body.
 */
export function allowedTrailers(raw: readonly string[], head: readonly string[] = []): [string, string][] {
  if (raw.length === 0) return [];
  const said = new Set(head.filter((_, index) => index % 2 === 0).map(canonicalName));
  const kept: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const canonical = canonicalName(name);
    if (!NEVER.test(canonical) && !said.has(canonical)) kept.push([name, raw[i + 1] ?? '']);
  }
  return kept;
}

/** The same as HTTP/2 takes them: lines of one name become one (RFC 9110 §5.3). */
export function allowedHttp2Trailers(raw: readonly string[], head: readonly string[] = []): OutgoingHttpHeaders {
  return http2Headers(allowedTrailers(raw, head).flat());
}

/** `_` is `-` to whatever makes variables of headers (CGI, WSGI, Rack). */
function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
