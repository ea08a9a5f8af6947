import type { GatewayRequest, Route } from '../../src/index.js';
import { readPath } from '../../src/routing/request-path.js';

/**
 * Ocelot's rule as its documents and sources tell it, for comparison: every route is asked, by regular expression, in
 * the order of their priorities; a route with a host wins. Wildcard hosts are our extension.
 * @returns The index of the route that answers.
 */
export function naiveMatch(routes: readonly Route[], request: GatewayRequest): number | undefined {
  const inOrder = [...routes.keys()].toSorted((a, b) => priority(routes[b]) - priority(routes[a]));
  const fitting = inOrder.filter((index) => {
    const route = routes[index];
    return route !== undefined && fits(route, request);
  });
  const hosts = fitting.toSorted((a, b) => hostRank(routes[b], request) - hostRank(routes[a], request));
  return hosts[0];
}

function priority(route: Route | undefined): number {
  if (route === undefined) return 0;
  return /^\/\{[^{}]*\}$/.test(route.match.pathTemplate) ? 0 : route.match.priority;
}

function hostRank(route: Route | undefined, request: GatewayRequest): number {
  const host = route?.match.host;
  if (host === undefined) return 0;
  return host === request.host ? Infinity : host.length;
}

function fits({ match }: Route, request: GatewayRequest): boolean {
  if (match.methods.length > 0 && !match.methods.includes(request.method)) return false;
  const isWildcard = match.host?.startsWith('*') === true && request.host.endsWith(match.host.slice(1));
  if (match.host !== undefined && match.host !== request.host && !isWildcard) return false;
  const path = readPath(request).text;
  const subject = match.pathTemplate.includes('?') ? path + request.query : path;
  if (!toRegex(match.pathTemplate, match.caseSensitive).test(subject)) return false;
  return Object.entries(match.headers).every(([name, template]) => {
    const value = request.header(name);
    const regex = new RegExp(`^${template.replace(/\{header:\w+\}/, '.+')}$`, match.caseSensitive ? '' : 'i');
    return value !== undefined && regex.test(value);
  });
}

/** The steps of UpstreamTemplatePatternCreator, on a template whose literals are escaped. */
function toRegex(template: string, isCaseSensitive: boolean): RegExp {
  const flags = isCaseSensitive ? 's' : 'is';
  if (/^\/\{[^{}]*\}$/.test(template)) return new RegExp('^/.*', flags);
  if (template === '/') return new RegExp('^/$', flags);
  const query = template.indexOf('?');
  let pattern = template.replace('%28', '(').replace(/[.()]/g, '\\$&');
  pattern = pattern.replace(/\{[^}]*\}/g, (_, at: number, text: string) =>
    (query >= 0 && text.indexOf('?') < at) || (query < 0 && text.indexOf('/', at) < 0) ? '\u0001' : '[^\u0002]+',
  );
  pattern = pattern.replace(/\/?\?/, '(\u0002$|\u0002\\?|\\?|$)');
  const last = pattern.lastIndexOf('/');
  const group = pattern.lastIndexOf('\u0002');
  const isOptional = last > group || query < 0;
  if (isOptional && pattern[last + 1] === '\u0001')
    pattern = `${pattern.slice(0, last)}(?:|/${pattern.slice(last + 1)})`;
  if (pattern.endsWith('/')) pattern = `${pattern.slice(0, -1)}(/|)`;
  return new RegExp(`^${pattern.replaceAll('\u0001', '.*').replaceAll('\u0002', '/')}$`, flags);
}
