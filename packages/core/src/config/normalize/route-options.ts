import type { JsonObject } from '../../contracts/json.js';
import type { RouteOptions } from '../../contracts/route.js';
import type { FileGlobal, FileRoute, Grouped } from '../file-config.js';
import { effectiveOptions } from './group-rule.js';
import { requestIdKey } from './request-id-key.js';

/** Settings of the process, core's own and secrets among them: no business of a route. */
const OF_THE_PROCESS: ReadonlySet<string> = new Set([
  'Admin',
  'CloseOnRouteRemoval',
  'Drain',
  'HeadersTimeoutMs',
  'Http2',
  'MaxConnectionsTotal',
  'MaxHeaderBytes',
  'MaxPendingHandshakes',
  'OcelotStatusCodes',
  'ProxyProtocol',
  'Tls',
  'TrustedProxies',
]);

/** What plugins read of a route: the sections of Ocelot's that core only hands on, resolved. */
export function routeOptions(route: FileRoute, shared: FileGlobal): RouteOptions {
  const resolved = (
    own: JsonObject | undefined,
    common: (JsonObject & Grouped) | undefined,
  ): JsonObject | undefined => {
    const options = effectiveOptions(own, common, route.Key);
    return Object.keys(options).length === 0 ? undefined : options;
  };
  const handler = effectiveOptions(route.HttpHandlerOptions, shared.HttpHandlerOptions, route.Key);
  return {
    authentication: resolved(route.AuthenticationOptions, shared.AuthenticationOptions),
    rateLimit: resolved(route.RateLimitOptions, shared.RateLimitOptions),
    qualityOfService: resolved(route.QoSOptions, shared.QoSOptions),
    requestIdKey: requestIdKey(route.RequestIdKey) ?? requestIdKey(shared.RequestIdKey),
    tracing: handler.UseTracing ?? false,
    gateway: { ...ofRoutes(shared.Gateway ?? {}), ...route.Gateway },
  };
}

function ofRoutes(shared: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(shared).filter(([key]) => !OF_THE_PROCESS.has(key)));
}
