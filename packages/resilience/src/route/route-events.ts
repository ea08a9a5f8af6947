import type { BreakerState, Endpoint } from '@ocelot/core';
import { endpointName } from '@ocelot/relay-kit';

import type { CircuitBreaker } from '../breaker/circuit-breaker.js';
import type { EndpointState } from './endpoint-state.js';
import type { ResilienceContext } from './resilience-context.js';

/** Tells log and telemetry what changed on one route. What was told last holds for whoever draws it. */
export class RouteEvents {
  readonly #routeId: string;
  readonly #context: Pick<ResilienceContext, 'log' | 'record'>;

  constructor(routeId: string, context: Pick<ResilienceContext, 'log' | 'record'>) {
    this.#routeId = routeId;
    this.#context = context;
  }

  /** A circuit changed; `endpoint` undefined: that of the whole route. */
  breaker(endpoint: Endpoint | undefined, state: BreakerState, breakMs: number): void {
    const { log } = this.#context;
    const fields = { route: this.#routeId, ...(endpoint === undefined ? {} : { endpoint: endpointName(endpoint) }) };
    if (state === 'open') log.warn({ ...fields, breakMs }, 'circuit opened');
    else log.info(fields, state === 'closed' ? 'circuit closed' : 'circuit half-open: the next call is a probe');
    this.#breakerIs(endpoint, state);
  }

  ejected({ endpoint }: EndpointState, forMs: number, reason: string): void {
    this.#context.log.warn(
      { route: this.#routeId, endpoint: endpointName(endpoint), forMs, reason },
      'endpoint ejected',
    );
  }

  returned({ endpoint }: EndpointState): void {
    this.#context.log.info({ route: this.#routeId, endpoint: endpointName(endpoint) }, 'endpoint is back');
  }

  /** What is known of an endpoint may have changed: told when it did. */
  endpoint(state: EndpointState, reason: string): void {
    if (state.state === state.published) return;
    state.published = state.state;
    this.#endpointIs(state, reason);
  }

  /** Nobody looks at the endpoint any more: it counts as it did before anybody did. */
  forgotten(state: EndpointState): void {
    if (state.published !== 'healthy') {
      state.published = 'healthy';
      this.#endpointIs(state, 'it is not watched any more');
    }
    this.breakerForgotten(state.endpoint, state.breaker);
  }

  /** The same for a circuit. */
  breakerForgotten(endpoint: Endpoint | undefined, breaker: CircuitBreaker | undefined): void {
    if (breaker !== undefined && breaker.state !== 'closed') this.#breakerIs(endpoint, 'closed');
  }

  /** Tells once more what is not as usual. */
  again(routeBreaker: CircuitBreaker | undefined, states: readonly EndpointState[]): void {
    if (routeBreaker !== undefined && routeBreaker.state !== 'closed') this.#breakerIs(undefined, routeBreaker.state);
    for (const state of states) {
      if (state.published !== 'healthy') this.#endpointIs(state, 'as it was before a reload');
      if (state.breaker !== undefined && state.breaker.state !== 'closed')
        this.#breakerIs(state.endpoint, state.breaker.state);
    }
  }

  #breakerIs(endpoint: Endpoint | undefined, state: BreakerState): void {
    this.#context.record({ type: 'breaker.changed', routeId: this.#routeId, endpoint, state });
  }

  #endpointIs({ endpoint, published: state }: EndpointState, reason: string): void {
    this.#context.record({ type: 'endpoint.changed', routeId: this.#routeId, endpoint, state, reason });
  }
}
