import type { FileGlobal, Grouped } from '../file-config.js';
import { said } from '../in-use.js';
import type { FileRule } from './rule.js';

const GROUPED = [
  'LoadBalancerOptions',
  'AuthenticationOptions',
  'QoSOptions',
  'RateLimitOptions',
  'CacheOptions',
  'HttpHandlerOptions',
] as const satisfies readonly (keyof FileGlobal)[];

/** `RouteKeys` of global sections name routes that exist; a misspelt one leaves its route without the options. */
export const routeKeys: FileRule = (context) => {
  const routes = [...(context.file.Routes ?? []), ...(context.file.DynamicRoutes ?? [])];
  const known = new Set(routes.map((route) => said(route.Key)));
  for (const section of GROUPED) {
    const keys = (context.shared[section] as Grouped | undefined)?.RouteKeys ?? [];
    for (const [index, key] of keys.entries()) {
      if (known.has(said(key))) continue;
      context.warn({
        kind: 'RouteKeyUnknown',
        at: keys,
        key: index,
        message: `No route has the Key "${key}", so ${section} does not reach it.`,
        hint: 'Correct the name, or give the route that Key.',
      });
    }
  }
};
