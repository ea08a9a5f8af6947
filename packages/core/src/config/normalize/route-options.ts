import type { JsonObject } from '../../contracts/json.js';
import type { RouteOptions } from '../../contracts/route.js';
import type { FileGlobal, FileRoute, Grouped } from '../file-config.js';
import { effectiveOptions } from './group-rule.js';
import { requestIdKey } from './request-id-key.js';

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
    gateway: { ...shared.Gateway, ...route.Gateway },
  };
}
