// Hot path: once per request on routes with `RateLimitOptions`. Synchronous where the store counts in memory.

import { createHash } from 'node:crypto';

import type { Exchange, GatewayEvent, Stage } from '@ocelot/core';

import type { ClientKey, ClientNaming } from '../client-key/client-key.js';
import type { CounterStore, Hit } from '../store/counter-store.js';
import type { Quota } from './quota.js';
import { clientUnnamed, quotaExceeded, quotaHeaders } from './quota-answer.js';

/** What a quota is kept with. */
export interface QuotaKeeping {
  readonly naming: ClientNaming;
  readonly store: CounterStore;
  readonly record: (event: GatewayEvent) => void;
}

/**
 * The stage behind `RateLimitOptions`, for requests and upgrades alike (Ocelot: RateLimitingMiddleware.cs, Invoke).
 * Refuses with RATE_LIMITED; tells the others about their quota.
 */
export function limitRequests(quota: Quota, { naming, store, record }: QuotaKeeping): Stage {
  const settle = (exchange: Exchange, key: ClientKey, hit: Hit | undefined): void => {
    if (hit === undefined) return;
    if (hit.retryAfterMs > 0) {
      record(refusal(exchange));
      throw quotaExceeded(quota, hit, key.kind);
    }
    if (quota.hasHeaders) exchange.onAnswer(quotaHeaders(quota, hit));
  };
  return (exchange) => {
    const key = naming.nameOf(exchange);
    if (key === undefined) {
      record(refusal(exchange));
      throw clientUnnamed(quota, exchange, naming.sources);
    }
    if (quota.whitelist.has(key.value)) return undefined;
    const hit = store.hit(counterKey(quota, key, exchange.route.id), quota);
    if (hit instanceof Promise) return hit.then((late) => settle(exchange, key, late));
    settle(exchange, key, hit);
    return undefined;
  };
}

/** Ocelot's key: of the client, the route and the rule, so that another rule begins anew. Hashed, so it tells nobody. */
function counterKey(quota: Quota, key: ClientKey, routeId: string): string {
  return createHash('sha1').update(`${quota.keyPrefix}_${key.id}:${routeId}_${quota.name}`).digest('hex');
}

function refusal({ id, route }: Exchange): GatewayEvent {
  return {
    type: 'limit.reached',
    exchangeId: id,
    routeId: route.id,
    limit: 'requests',
    action: 'refuse',
    direction: undefined,
  };
}
