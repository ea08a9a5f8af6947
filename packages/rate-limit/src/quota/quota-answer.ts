import { type AnswerEdit, type Exchange, GatewayError } from '@ocelot/core';

import type { Hit } from '../store/counter-store.js';
import type { Quota } from './quota.js';

/** What Ocelot answers whoever it cannot name. */
const UNNAMED_RETRY_AFTER = '-1';

/** Tells a client whose request passes about its quota (Ocelot: RateLimitingMiddleware.cs, SetRateLimitHeaders). */
export function quotaHeaders(quota: Quota, hit: Hit, nowMs: number = Date.now()): AnswerEdit {
  return ({ headers }) => {
    headers.set('X-RateLimit-Limit', String(quota.limit));
    headers.set('X-RateLimit-Remaining', String(Math.max(0, quota.limit - hit.total)));
    headers.set('X-RateLimit-Reset', roundTrip(nowMs + hit.resetMs));
  };
}

/** Refuses a request beyond the quota. The text is Ocelot's, for clients that test for it. */
export function quotaExceeded(quota: Quota, hit: Hit, kind: string): GatewayError {
  const retryAfter = String(Math.ceil(hit.retryAfterMs) / 1000);
  return new GatewayError('OCELOT_ERR_RATE_LIMITED', {
    status: quota.status,
    body: { contentType: 'text/plain; charset=utf-8', text: quotaMessage(quota) },
    headers: quota.hasHeaders ? { 'Retry-After': retryAfter } : {},
    details: {
      limit: 'requests',
      rule: quota.name,
      by: kind,
      total: hit.total,
      retryAfterMs: Math.ceil(hit.retryAfterMs),
    },
  });
}

/** Refuses a request that does not say whose it is: it is not unlimited (Ocelot answers 503 too). */
export function clientUnnamed(quota: Quota, exchange: Exchange, sources: string): GatewayError {
  const { pathTemplate } = exchange.route.match;
  const text = `Rate limiting client could not be identified for the route '${pathTemplate}' due to a missing or unknown client ID header required by rule '${quota.name}'!`;
  return new GatewayError('OCELOT_ERR_RATE_LIMITED', {
    status: 503,
    body: { contentType: 'text/plain; charset=utf-8', text },
    headers: quota.hasHeaders ? { 'Retry-After': UNNAMED_RETRY_AFTER } : {},
    details: {
      limit: 'requests',
      rule: quota.name,
      reason: `the request has none of what clients are told apart by (${sources}); Gateway.RateLimit.By can name more, such as ip`,
    },
  });
}

/** `{0}` is the limit, `{1}` the period; where braces are doubled, as .NET writes them in such a text, they stand for one. */
function quotaMessage({ message, limit, period }: Quota): string {
  const values: Readonly<Record<string, string>> = { '{0}': String(limit), '{1}': period, '{{': '{', '}}': '}' };
  const places = message.includes('{{') ? /\{\{|\}\}|\{[01]\}/g : /\{[01]\}/g;
  return message.replace(places, (found) => values[found] ?? found);
}

/** .NET's round-trip form of a time in UTC: seven digits of a second. */
function roundTrip(epochMs: number): string {
  return new Date(Math.round(epochMs)).toISOString().replace('Z', '0000Z');
}
