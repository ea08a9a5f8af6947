import type { JsonObject, JsonValue } from '../../contracts/json.js';
import type { FileAuthentication, FileRateLimit } from '../file-config.js';
import { isInUse } from '../in-use.js';
import { CONFIG_FILE } from '../schema/file-schema.js';
import type { KeySchema, ObjectKey } from '../schema/key-schema.js';
import { isQosActive } from './quality-of-service.js';
import type { FileRule, RuleContext } from './rule.js';

/**
 * Every key in use that nothing acts on is named, once per route and key: nothing is ignored in silence. Which keys these
 * are stands in the schema: `unsupported`, and `needs` where the plugin is not there.
 */
export const unsupportedKeys: FileRule = (context) => {
  visit(CONFIG_FILE, context.file, context);
};

function visit(schema: ObjectKey, value: JsonObject, context: RuleContext): void {
  for (const [key, child] of Object.entries(schema.keys)) {
    const found = value[key];
    if (found === undefined || !isActive(key, child, found)) continue;
    const isActedOn = context.options.supportedKeys?.includes(key) === true;
    if (child.needs !== undefined && !isActedOn) {
      context.warn({
        kind: 'NeedsPlugin',
        at: value,
        key,
        message: `${key} has no effect by itself: the plugin of ${child.needs} acts on it, and it is not there.`,
        hint: `Run: npm install ${child.needs} — and add its plugin to the gateway.`,
      });
    } else if (child.unsupported !== undefined) {
      if (isActedOn) continue;
      context.warn({
        kind: 'NotSupportedYet',
        at: value,
        key,
        message: `${key} is not supported yet: ${child.unsupported}.`,
        hint: 'See docs/reference/configuration.md for what is.',
      });
    } else if (child.kind === 'object') {
      visit(child, found as JsonObject, context);
    } else if (child.kind === 'list' && child.items.kind === 'object') {
      for (const item of found as readonly JsonObject[]) visit(child.items, item, context);
    } else if (child.kind === 'named') {
      for (const item of Object.values(found as JsonObject)) visit(child.items, item as JsonObject, context);
    }
  }
}

/** Whether the value switches its feature on. */
function isActive(key: string, schema: KeySchema, value: JsonValue): boolean {
  if (schema.kind !== 'object') return isInUse(value, schema.default);
  const options = value as JsonObject;
  switch (key) {
    case 'AuthenticationOptions':
      return asksForAuthentication(options);
    case 'QoSOptions':
      return isQosActive(options);
    case 'RateLimitOptions':
      return limitsRates(options);
    case 'CacheOptions':
      return Number(options['TtlSeconds'] ?? 0) > 0;
    case 'Ping':
      return Number(options['IntervalMs'] ?? 0) > 0;
    default:
      return hasOwnValues(schema, options);
  }
}

function asksForAuthentication(options: FileAuthentication): boolean {
  if (options.AllowAnonymous === true) return false;
  return [options.AuthenticationProviderKey, options.AuthenticationProviderKeys, options.AllowedScopes].some((value) =>
    isInUse(value),
  );
}

/** Header names and texts of refusals alone are no rule; up to Ocelot 24 that was all the global section held. */
function limitsRates(options: FileRateLimit): boolean {
  if (options.EnableRateLimiting === false) return false;
  return options.EnableRateLimiting === true || (options.Limit ?? 0) > 0 || isInUse(options.Period);
}

/** Dumps write every default out: only what differs from it counts. `RouteKeys` alone says nothing. */
function hasOwnValues(schema: ObjectKey, options: JsonObject): boolean {
  return Object.entries(options).some(
    ([key, value]) => key !== 'RouteKeys' && isInUse(value, schema.keys[key]?.default),
  );
}
