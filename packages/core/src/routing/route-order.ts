import type { Route } from '../contracts/route.js';
import { isCatchAllTemplate } from './template.js';

/** What the host of a route covers. */
export type HostKind = 'exact' | 'wildcard' | 'any';

/** Tells an exact host from a wildcard (`*.example.com`, any depth of subdomains) and from no host at all. */
export function hostKind(route: Route): HostKind {
  const { host } = route.match;
  if (host === undefined || host === '') return 'any';
  return host.startsWith('*.') ? 'wildcard' : 'exact';
}

/** The priority in force: that of the file, but 0 for a catch-all template (Ocelot). */
export function effectivePriority(route: Route): number {
  return isCatchAllTemplate(route.match.pathTemplate) ? 0 : route.match.priority;
}

const HOST_RANK: Readonly<Record<HostKind, number>> = { exact: 0, wildcard: 1, any: 2 };

/**
 * The routes in the order in which they are asked, for `ocelot routes`: exact hosts, then wildcard hosts with the
 * longest first, then routes without host; within each the higher priority first, then the order of the file. A host
 * wins over any priority (Ocelot: DownstreamRouteFinder); wildcards are an extension.
 */
export function matchingOrder(routes: readonly Route[]): readonly Route[] {
  return routes.toSorted((a, b) => {
    const kindA = hostKind(a);
    const kindB = hostKind(b);
    if (kindA !== kindB) return HOST_RANK[kindA] - HOST_RANK[kindB];
    const byLength = kindA === 'wildcard' ? (b.match.host?.length ?? 0) - (a.match.host?.length ?? 0) : 0;
    return byLength || effectivePriority(b) - effectivePriority(a);
  });
}

/** Whether the host of a route covers the host of a request (lower case, without port). */
export function coversHost(route: Route, host: string): boolean {
  const kind = hostKind(route);
  if (kind === 'any') return true;
  const pattern = route.match.host?.toLowerCase() ?? '';
  return kind === 'exact' ? pattern === host : host.length >= pattern.length && host.endsWith(pattern.slice(1));
}
