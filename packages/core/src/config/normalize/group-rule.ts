import type { JsonObject } from '../../contracts/json.js';
import type { Grouped } from '../file-config.js';
import { isInUse, said } from '../in-use.js';

/**
 * Ocelot's rule for global options that may be for a group of routes: they hold for a route when `RouteKeys` is empty
 * or names its `Key`; then they are merged field by field, and what the route itself sets wins.
 *
 * @returns the options in force for the route, without `RouteKeys`; an empty object when there are none.
 */
export function effectiveOptions<T extends JsonObject>(
  own: T | undefined,
  shared: (T & Grouped) | undefined,
  routeKey: string | undefined,
): T {
  const { RouteKeys: group, ...options } = shared ?? {};
  const keys = Array.isArray(group) ? (group as readonly string[]) : [];
  const applies = shared !== undefined && (keys.length === 0 || keys.includes(said(routeKey) ?? ''));
  if (!applies) return own ?? ({} as T);
  // false and zero count as set here: `AllowAnonymous: false` on a route overrides a global true.
  const set = Object.entries(own ?? {}).filter(([, value]) =>
    typeof value !== 'object' && typeof value !== 'string' ? value !== undefined : isInUse(value),
  );
  return { ...options, ...Object.fromEntries(set) } as unknown as T;
}
