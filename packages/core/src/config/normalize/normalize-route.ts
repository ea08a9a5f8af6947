import type { IpRules, Route, RouteMatch, ServiceSource } from '../../contracts/route.js';
import { formatPlace } from '../config-node.js';
import type { Locations } from '../bind/locations.js';
import type { FileGlobal, FileRoute, FileRouteCommon, FileSecurity } from '../file-config.js';
import { isInUse, said } from '../in-use.js';
import { schemeOf, staticEndpoints } from './endpoints.js';
import { effectiveOptions } from './group-rule.js';
import { routeGatewaySettings } from './route-gateway.js';
import { headerTransforms, routeHttp } from './route-http.js';
import { routeOptions } from './route-options.js';
import type { RouteIds } from './route-ids.js';
import { securityKeys } from './security-keys.js';

/** What a route is made with. */
export interface NormalizeContext {
  readonly shared: FileGlobal;
  readonly locations: Locations;
  readonly ids: RouteIds;
}

/** Ocelot: a template that is one placeholder after the slash matches every path and is asked last. */
const CATCH_ALL = /^\/\{[^{}]*\}$/;

/** Whether the route's template is one placeholder, so that its priority is 0 whatever it says. */
export function isCatchAll(route: FileRoute): boolean {
  return CATCH_ALL.test((route.UpstreamPathTemplate ?? '').trim());
}

/** Makes a {@link Route} of an entry of `Routes`: group rules, global defaults and overrides are resolved here. */
export function normalizeRoute(route: FileRoute, context: NormalizeContext): Route {
  const match = routeMatch(route);
  const scheme = schemeOf(route.DownstreamScheme);
  const service = said(route.ServiceName);
  const source: ServiceSource =
    service === undefined
      ? { kind: 'static', endpoints: staticEndpoints(route.DownstreamHostAndPorts ?? [], scheme) }
      : { kind: 'discovered', service: { name: service, namespace: said(route.ServiceNamespace) ?? '' } };
  return {
    id: context.ids.claim(said(route.Key) ?? derivedName(match)),
    match,
    rewrite: { pathTemplate: (route.DownstreamPathTemplate ?? '').trim() },
    source,
    scheme,
    ...commonSettings(route, context),
    ipRules: ipRules(route.SecurityOptions, context.shared.SecurityOptions),
    acceptAnyServerCertificate: route.DangerousAcceptAnyServerCertificateValidator ?? false,
    http: routeHttp(route, context.shared),
    headerTransforms: headerTransforms(route, context.shared),
  };
}

/**
 * What static and dynamic routes have in common. Keys that only static routes have are not looked at: on a dynamic
 * route nobody has checked them.
 */
export function commonSettings(
  route: FileRouteCommon,
  { shared, locations }: NormalizeContext,
): Omit<Route, 'id' | 'match' | 'rewrite' | 'source' | 'scheme'> {
  const balancing = effectiveOptions(route.LoadBalancerOptions, shared.LoadBalancerOptions, route.Key);
  return {
    balancing: { type: said(balancing.Type) ?? '', options: balancing },
    ...routeGatewaySettings(route, shared),
    ipRules: ipRules(undefined, shared.SecurityOptions),
    acceptAnyServerCertificate: false,
    http: { ...routeHttp(route, shared), method: undefined },
    // Ocelot: global transforms are for static routes.
    headerTransforms: { request: [], answer: [] },
    metadata: { ...shared.Metadata, ...route.Metadata },
    options: routeOptions(route, shared),
    unenforced: securityKeys(route, shared),
    file: route,
    location: formatPlace(locations.of(route)),
  };
}

function routeMatch(route: FileRoute): RouteMatch {
  const pathTemplate = (route.UpstreamPathTemplate ?? '').trim();
  return {
    pathTemplate,
    caseSensitive: route.RouteIsCaseSensitive ?? false,
    methods: [
      ...new Set((route.UpstreamHttpMethod ?? []).map((method) => method.trim().toUpperCase()).filter((m) => m !== '')),
    ],
    host: said(route.UpstreamHost)?.toLowerCase(),
    headers: route.UpstreamHeaderTemplates ?? {},
    priority: isCatchAll(route) ? 0 : (route.Priority ?? 1),
  };
}

/** `GET,POST chat.example.com/chat/{room}`: stable across reloads as long as the route answers the same requests. */
function derivedName(match: RouteMatch): string {
  const methods = match.methods.length === 0 ? '' : `${match.methods.join(',')} `;
  return `${methods}${match.host ?? ''}${match.pathTemplate}`;
}

/** Ocelot: lists are not merged; where both of the route are empty the global section holds as a whole. */
function ipRules(own: FileSecurity | undefined, shared: FileSecurity | undefined): IpRules {
  const options = isInUse(own?.IPAllowedList) || isInUse(own?.IPBlockedList) ? own : shared;
  return {
    allowed: entries(options?.IPAllowedList),
    blocked: entries(options?.IPBlockedList),
    excludeAllowedFromBlocked: options?.ExcludeAllowedFromBlocked ?? false,
  };
}

function entries(list: readonly string[] | undefined): readonly string[] {
  return (list ?? []).map((entry) => entry.trim()).filter((entry) => entry !== '');
}
