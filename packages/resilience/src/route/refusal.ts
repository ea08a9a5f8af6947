import { GatewayError } from '@ocelot/core';

import type { CircuitBreaker } from '../breaker/circuit-breaker.js';
import type { EndpointState } from './endpoint-state.js';

/**
 * What a request is refused with that no endpoint may take: CIRCUIT_OPEN when a circuit is to blame, else NO_ENDPOINT;
 * both 503, with `Retry-After` where it is known when something changes.
 */
export function refusalOf(route: CircuitBreaker | undefined, endpoints: readonly EndpointState[]): GatewayError {
  if (route !== undefined && !route.isPassable) return circuitOpen([route]);
  const open = endpoints.flatMap(({ breaker }) => (breaker === undefined || breaker.isPassable ? [] : [breaker]));
  if (open.length > 0) return circuitOpen(open);
  const waits = endpoints.flatMap(({ outlier }) => (outlier?.isEjected === true ? [outlier.ejectedForMs] : []));
  return new GatewayError('OCELOT_ERR_NO_ENDPOINT', {
    details: {
      reason: 'no endpoint of the route is well',
      unhealthy: endpoints.filter(({ health }) => health?.isHealthy === false).length,
      ejected: waits.length,
    },
    ...(waits.length === 0 ? {} : { headers: retryAfter(waits) }),
  });
}

function circuitOpen(breakers: readonly CircuitBreaker[]): GatewayError {
  const waits = breakers.map(({ retryAfterMs }) => retryAfterMs);
  return new GatewayError('OCELOT_ERR_CIRCUIT_OPEN', {
    headers: retryAfter(waits),
    details: { reason: 'circuit breaker is open', retryAfterMs: Math.min(...waits) },
  });
}

/** Whole seconds, at least one (RFC 9110 §10.2.3). */
function retryAfter(waitsMs: readonly number[]): Readonly<Record<string, string>> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(Math.min(...waitsMs) / 1000))) };
}
