import type { JsonObject, JsonValue } from '../../contracts/json.js';
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
  return { ...options, ...Object.fromEntries(Object.entries(own ?? {}).filter(isSet)) } as unknown as T;
}

/** Ocelot's "non-empty": `false` and zero are set, `AllowAnonymous: false` on a route overrides a global `true`. */
function isSet([, value]: readonly [string, JsonValue | undefined]): boolean {
  return typeof value === 'boolean' || typeof value === 'number' || isInUse(value);
}
