import { said } from '../in-use.js';
import type { RouteRule } from './rule.js';

/** `UpstreamHost` is compared with the host without its port, so some values can never match. */
export const upstreamHost: RouteRule = (route, context) => {
  const host = said(route.UpstreamHost);
  if (host === undefined) return;
  const fault = faultOf(host);
  if (fault === undefined) return;
  context.warn({
    kind: 'UpstreamHostNeverMatches',
    at: route,
    key: 'UpstreamHost',
    message: `UpstreamHost "${host}" never matches: ${fault}.`,
    hint: 'Write the host alone (chat.example.com), or *.example.com for its subdomains; leave it out for any host.',
  });
};

function faultOf(host: string): string | undefined {
  if (/[/\s]/.test(host)) return 'it is more than a host';
  if (/^[^[\]:]*:\d*$|\]:\d*$/.test(host)) return 'it names a port';
  if (host.replace(/^\*\.(?=.)/, '').includes('*')) return 'a star stands only for the first label';
  return undefined;
}
