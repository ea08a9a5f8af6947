import type { OutgoingHttpHeaders } from 'node:http2';

import { isHopByHop } from './hop-by-hop.js';

/**
 * Headers as node:http2 takes them (RFC 9113 §8.2): names in lower case, and nothing of an HTTP/1.1 connection. Lines of
 * one name become one (RFC 9110 §5.3), since Node refuses a second one of many names; those of Cookie are joined as
 * §8.2.3 says, those of Set-Cookie stay apart.
 * @param rawHeaders Name, value, …; of a request, an answer or trailers.
 */
export function http2Headers(rawHeaders: readonly string[]): OutgoingHttpHeaders {
  // A map: somebody may name a header `constructor`.
  const headers = new Map<string, string>();
  const setCookies: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    const before = headers.get(name);
    if (isHopByHop(name) || name === 'http2-settings') continue;
    if (name === 'set-cookie') setCookies.push(value);
    else headers.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  return { ...Object.fromEntries(headers), ...(setCookies.length > 0 && { 'set-cookie': setCookies }) };
}
