import type { Route, RouteGuard } from '@ocelot/core';

import type { ResilienceOptions } from '../options/resilience-options.js';
import { CandidateView } from './candidate-view.js';
import type { ResilienceContext } from './resilience-context.js';
import { RouteState } from './route-state.js';

interface Entry {
  readonly state: RouteState;
  guards: number;
}

/**
 * The states of all routes of one gateway. A state belongs to a route's id and to what it asks for: a reload that leaves
 * both alone finds it again, since the new guard is made before the old one is closed.
 */
export class RouteStates {
  readonly #context: ResilienceContext;
  readonly #entries = new Map<string, Entry>();

  constructor(context: ResilienceContext) {
    this.#context = context;
  }

  /** States in use, in the order of their making. */
  get all(): readonly RouteState[] {
    return [...this.#entries.values()].map(({ state }) => state);
  }

  /** A guard of the route; its `close` gives the state back. */
  guard(route: Route, options: ResilienceOptions): RouteGuard {
    const key = keyOf(route, options);
    const entry = this.#entries.get(key) ?? { state: new RouteState(route, options, this.#context), guards: 0 };
    this.#entries.set(key, entry);
    entry.guards += 1;
    return guardOf(entry.state, () => {
      entry.guards -= 1;
      if (entry.guards > 0) return;
      entry.state.close();
      this.#entries.delete(key);
      // Around a reload that changed what the route asks for its new state may know of trouble already.
      for (const { state } of this.#entries.values()) if (state.routeId === route.id) state.retell();
    });
  }

  /** Closes what guards left open. */
  close(): void {
    for (const { state } of this.#entries.values()) state.close();
    this.#entries.clear();
  }
}

/** Health checks connect as the route does, so what they connect with is part of the key. */
function keyOf(route: Route, options: ResilienceOptions): string {
  const connection =
    options.healthCheck === undefined ? [] : [route.scheme, route.backendTls, route.acceptAnyServerCertificate];
  return JSON.stringify([route.id, options, ...connection]);
}

function guardOf(state: RouteState, release: () => void): RouteGuard {
  const view = new CandidateView(state);
  const self = {};
  return {
    filter: (candidates) => view.filter(candidates),
    begin: (endpoint, exchange) => state.begin(endpoint, exchange),
    mayRetry: (cause, exchange) => state.mayRetry(cause, exchange),
    unavailable: () => state.unavailable(),
    endpoints: (endpoints) => state.setEndpoints(self, endpoints),
    close() {
      state.setEndpoints(self, undefined);
      release();
    },
  };
}
