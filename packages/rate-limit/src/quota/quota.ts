import type { GatewayConfig, JsonObject, Route } from '@ocelot/core';

import { flagAt, numberAt, refuse, section, textAt, textsAt } from '../config-reader.js';
import type { Rule } from './counter.js';
import { parsePeriod } from './period.js';

/** `RateLimitOptions` of one route, with every default filled in. */
export interface Quota extends Rule {
  /** As written, for the message. */
  readonly period: string;
  /** Ocelot's name of the rule, for its messages and keys: `3/1s/w0ms`. */
  readonly name: string;
  readonly clientIdHeader: string;
  readonly whitelist: ReadonlySet<string>;
  readonly hasHeaders: boolean;
  readonly status: number;
  /** With `{0}` for the limit and `{1}` for the period. */
  readonly message: string;
  readonly keyPrefix: string;
}

const DEFAULT_MESSAGE = 'API calls quota exceeded! Maximum admitted {0} per {1}.';

/**
 * Reads the quota of a route.
 * @returns undefined when the route has none: nothing is written, it is switched off, or what is written are only the
 *   texts and header names that up to Ocelot 24 were all of the global section.
 * @throws ConfigError when what is written cannot be counted by.
 */
export function readQuota(route: Route, config: GatewayConfig): Quota | undefined {
  const options = route.options.rateLimit;
  if (options === undefined || !isOn(options) || isOffForAll(route, config)) return undefined;
  const limit = Math.abs(numberAt(options, 'Limit', 0));
  if (limit === 0) {
    throw refuse(
      'RateLimitLimit',
      `${route.location}/RateLimitOptions`,
      `the rate limit of ${route.id} has no Limit, so it would refuse every request.`,
      'Write a Limit above 0 on the route or in GlobalConfiguration.RateLimitOptions, or "EnableRateLimiting": false.',
    );
  }
  const period = textAt(options, 'Period', '1s');
  const wait = textAt(options, 'Wait', '0ms');
  return {
    limit,
    period,
    periodMs: timeOf(period, 'Period', route),
    waitMs: timeOf(wait, 'Wait', route),
    name: `${limit}/${period}/w${wait}`,
    clientIdHeader: textAt(options, 'ClientIdHeader', 'Oc-Client'),
    whitelist: new Set(textsAt(options, 'ClientWhitelist')),
    hasHeaders: flagAt(options, 'EnableHeaders', true),
    status: statusOf(options, route),
    message: textAt(options, 'QuotaMessage', DEFAULT_MESSAGE),
    keyPrefix: textAt(options, 'KeyPrefix', 'Ocelot.RateLimiting'),
  };
}

function isOn(options: JsonObject): boolean {
  if (options['EnableRateLimiting'] === false) return false;
  return options['EnableRateLimiting'] === true || numberAt(options, 'Limit', 0) !== 0 || 'Period' in options;
}

/** Ocelot: `false` in the global section, where it is for this route, beats what the route itself says. */
function isOffForAll(route: Route, config: GatewayConfig): boolean {
  const global = section(config.global, 'RateLimitOptions');
  if (global['EnableRateLimiting'] !== false) return false;
  const keys = textsAt(global, 'RouteKeys');
  return keys.length === 0 || keys.includes(textAt(route.file, 'Key', ''));
}

function timeOf(text: string, key: string, route: Route): number {
  const ms = parsePeriod(text);
  if (ms !== undefined && (ms > 0 || key === 'Wait')) return ms;
  throw refuse(
    `RateLimit${key}Format`,
    `${route.location}/RateLimitOptions/${key}`,
    `${key} "${text}" is no length of time that can be counted by.`,
    'Write a number and one of ms, s, m, h, d, such as "1s" or "5m"; at most 1000 days.',
  );
}

function statusOf(options: JsonObject, route: Route): number {
  const status = numberAt(options, 'StatusCode', 429);
  if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  throw refuse(
    'RateLimitStatusCode',
    `${route.location}/RateLimitOptions/StatusCode`,
    `StatusCode ${status} is no status of a refusal.`,
    'Write a number from 400 to 599; 429 is the default.',
  );
}
