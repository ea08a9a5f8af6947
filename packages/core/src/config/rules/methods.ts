import { said } from '../in-use.js';
import { isToken } from '../is-token.js';
import { nearestName } from '../nearest-name.js';
import type { RouteRule } from './rule.js';

/** The IANA registry's methods that somebody may route. */
export const METHODS: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT QUERY LINK UNLINK PURGE'.split(
    ' ',
  ),
);

/** Methods are names of methods, and a route to WebSockets answers GET, which is what an upgrade is. */
export const methods: RouteRule = (route, context) => {
  const list = route.UpstreamHttpMethod ?? [];
  const names = list.map((method) => method.trim().toUpperCase());
  for (const [index, name] of names.entries()) {
    if (METHODS.has(name)) continue;
    const near = nearestName(name, METHODS, 2);
    context.warn({
      kind: isToken(name) ? 'UnknownMethod' : 'InvalidMethod',
      at: list,
      key: index,
      message: isToken(name)
        ? `"${list[index] ?? ''}" is no method of HTTP known here.`
        : `"${list[index] ?? ''}" cannot be a method; it matches nothing.`,
      hint: near === undefined ? 'Write one method per entry, such as "GET".' : `Is ${near} meant?`,
    });
  }
  const scheme = said(route.DownstreamScheme)?.toLowerCase();
  if (names.length === 0 || names.includes('GET') || (scheme !== 'ws' && scheme !== 'wss')) return;
  context.warn({
    kind: 'MethodsExcludeGet',
    at: route,
    key: 'UpstreamHttpMethod',
    message: 'The route speaks WebSocket to its backend but does not answer GET, so no upgrade reaches it.',
    hint: 'Add "GET", or leave UpstreamHttpMethod out.',
  });
};
