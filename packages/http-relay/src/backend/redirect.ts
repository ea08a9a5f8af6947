import { createEndpoint, type Endpoint } from '@ocelot/core';
import { headerValues } from '@ocelot/relay-kit';

import type { BackendAnswer, BackendRequest } from './call.js';

/** .NET: SocketsHttpHandler.MaxAutomaticRedirections. */
export const MOST_REDIRECTS = 50;

/** A request and where it goes. */
export interface Destination {
  readonly request: BackendRequest;
  readonly endpoint: Endpoint;
  readonly tls: boolean;
}

/** .NET: RedirectHandler. */
const REDIRECTS: ReadonlySet<number> = new Set([300, 301, 302, 303, 307, 308]);

/** What describes a body, and goes with it. */
const OF_BODY = /^content-/i;

/**
 * Follows a redirect as .NET does for Ocelot's `AllowAutoRedirect`: POST becomes GET on 300 to 302, everything but HEAD
 * on 303; never from TLS to plain text; `Authorization` stays behind, and cookies where the origin is another.
 * @returns undefined when the client gets the redirect itself, as it does when the body would have to be sent again.
 */
export function redirected({ request, endpoint, tls }: Destination, answer: BackendAnswer): Destination | undefined {
  const [location] = headerValues(answer.rawHeaders, 'location');
  if (location === undefined || !REDIRECTS.has(answer.status)) return undefined;
  const from = `${tls ? 'https' : 'http'}://${request.host}`;
  if (!URL.canParse(location, `${from}${request.target}`)) return undefined;
  const url = new URL(location, `${from}${request.target}`);
  const method = methodBehind(answer.status, request.method);
  const isTls = url.protocol === 'https:';
  if ((!isTls && url.protocol !== 'http:') || (tls && !isTls)) return undefined;
  if (request.body !== undefined && method === request.method) return undefined;
  const isSameOrigin = url.origin === new URL(from).origin;
  const rest = {
    method,
    target: `${url.pathname}${url.search}`,
    headers: headersBehind(request.headers, isSameOrigin, method !== request.method),
    body: undefined,
    expectsContinue: false,
    trailer: undefined,
    takesTrailers: request.takesTrailers,
  };
  if (isSameOrigin) return { request: { ...rest, host: request.host }, endpoint, tls };
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  if (port === 0) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { request: { ...rest, host: url.host }, endpoint: createEndpoint({ host, port }), tls: isTls };
}

function methodBehind(status: number, method: string): string {
  if (status === 303) return method === 'HEAD' ? method : 'GET';
  return status <= 302 && method === 'POST' ? 'GET' : method;
}

function headersBehind(raw: readonly string[], isSameOrigin: boolean, withoutBody: boolean): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const folded = name.toLowerCase();
    if (folded === 'authorization' || (folded === 'cookie' && !isSameOrigin)) continue;
    if (withoutBody && OF_BODY.test(name)) continue;
    kept.push(name, raw[i + 1] ?? '');
  }
  return kept;
}
