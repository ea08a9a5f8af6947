import type { FileGlobal, FileRoute } from '../file-config.js';
import { isInUse } from '../in-use.js';
import { effectiveOptions } from './group-rule.js';

/**
 * Keys by which a route asks for a protection that core does not give by itself. `AllowAnonymous: true` takes
 * authentication back, but not `RouteClaimsRequirement`, which Ocelot checks on any route.
 */
export function securityKeys(route: FileRoute, shared: FileGlobal): readonly string[] {
  const options = effectiveOptions(route.AuthenticationOptions, shared.AuthenticationOptions, route.Key);
  const keys: string[] = [];
  if (options.AllowAnonymous !== true) {
    const schemes = [options.AuthenticationProviderKey, ...(options.AuthenticationProviderKeys ?? [])];
    if (isInUse(schemes.map((scheme) => scheme ?? ''))) keys.push('AuthenticationOptions');
    if (isInUse(options.AllowedScopes)) keys.push('AllowedScopes');
  }
  if (Object.keys(route.RouteClaimsRequirement ?? {}).length > 0) keys.push('RouteClaimsRequirement');
  return keys;
}
