import { isInUse } from '../in-use.js';
import type { RouteRule } from './rule.js';

/** Anchored at its start only, as in Ocelot: `1s junk` passes. */
const PERIOD = /^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)/;

/** Limits of a route that has rate limiting switched on can be counted (compat 1.10, rule 6). */
export const rateLimit: RouteRule = (route, context) => {
  const options = route.RateLimitOptions;
  if (options === undefined || options.EnableRateLimiting === false || !isInUse(options)) return;
  if (options.Limit !== undefined && options.Limit <= 0) {
    context.error({
      kind: 'RateLimitLimit',
      at: options,
      key: 'Limit',
      message: `Limit ${options.Limit} would refuse everything.`,
      hint: 'Write a number above 0, or "EnableRateLimiting": false.',
    });
  }
  if (options.Period === undefined) return;
  if (options.Period.trim() === '') {
    context.error({
      kind: 'RateLimitPeriodEmpty',
      at: options,
      key: 'Period',
      message: 'Period is empty.',
      hint: 'Write a number and a unit, such as "1s" or "5m".',
    });
  } else if (!PERIOD.test(options.Period)) {
    context.error({
      kind: 'RateLimitPeriodFormat',
      at: options,
      key: 'Period',
      message: `Period "${options.Period}" is no length of time.`,
      hint: 'Write a number and one of ms, s, m, h, d, such as "1s" or "5m".',
    });
  }
};
