// `begin` runs once per attempt on routes that use this package: it allocates the watch and nothing else.
import {
  type AttemptWatch,
  type BreakerState,
  type Endpoint,
  type Exchange,
  type GatewayError,
  type Route,
  type SessionSummary,
} from '@ocelot/core';

import { verdictOf } from '../breaker/attempt-verdict.js';
import { CircuitBreaker } from '../breaker/circuit-breaker.js';
import { Outlier } from '../ejection/outlier.js';
import type { HealthHold } from '../health/health-directory.js';
import type { ResilienceOptions } from '../options/resilience-options.js';
import { RetryBudget } from '../retry/retry-budget.js';
import { endpointKey, type EndpointState } from './endpoint-state.js';
import { EndpointStates } from './endpoint-states.js';
import { refusalOf } from './refusal.js';
import { RouteEvents } from './route-events.js';
import type { ResilienceContext } from './resilience-context.js';

/**
 * What is known of the endpoints of one route: breakers, ejections, health, retries. Lives across reloads while the
 * route asks for the same; owned by {@link RouteStates}.
 */
export class RouteState {
  readonly options: ResilienceOptions;
  readonly retries: RetryBudget | undefined;
  /** That of the whole route, with `Breaker.Scope` `route`. */
  readonly breaker: CircuitBreaker | undefined;
  readonly #route: Route;
  readonly #context: ResilienceContext;
  readonly #events: RouteEvents;
  readonly #endpoints: EndpointStates;
  /** Counts changes of what may be used: views are made anew when it moved. */
  #version = 0;
  #isClosed = false;
  /** Set while the budget is spent, so that it is one warning and not one per request. */
  #isSpent = false;

  constructor(route: Route, options: ResilienceOptions, context: ResilienceContext) {
    this.options = options;
    this.#route = route;
    this.#context = context;
    this.#events = new RouteEvents(route.id, context);
    this.retries = options.retryBudget === undefined ? undefined : new RetryBudget(options.retryBudget, context.clock);
    this.breaker = options.breaker?.scope === 'route' ? this.#breakerOf(undefined) : undefined;
    this.#endpoints = new EndpointStates({
      joined: (state, isNewcomer) => this.#joined(state, isNewcomer),
      schemeChanged: (state) => this.#schemeChanged(state),
      left: (state) => this.#left(state),
      forgotten: (state) => this.#events.forgotten(state),
    });
  }

  get routeId(): string {
    return this.#route.id;
  }

  get version(): number {
    return this.#version;
  }

  get present(): readonly EndpointState[] {
    return this.#endpoints.present;
  }

  stateOf(endpoint: Endpoint): EndpointState | undefined {
    return this.#endpoints.of(endpoint);
  }

  /** The set of one guard; undefined: the guard is gone. */
  setEndpoints(guard: object, endpoints: readonly Endpoint[] | undefined): void {
    if (this.#isClosed) return;
    this.#endpoints.set(guard, endpoints, this.#context.clock.now());
    this.#version += 1;
  }

  begin(endpoint: Endpoint, exchange: Exchange): AttemptWatch | undefined {
    this.retries?.attempt();
    const state = this.stateOf(endpoint);
    if (state !== undefined && (this.options.ejection?.earlyDeathMs ?? 0) > 0) this.#followSession(state, exchange);
    const breaker = this.breaker ?? state?.breaker;
    const outlier = state?.outlier;
    if (breaker === undefined && outlier === undefined) return undefined;
    const ticket = breaker?.begin() ?? 0;
    return (end) => {
      if (this.#isClosed) return;
      if (breaker === this.breaker || state?.isClosed === false) breaker?.end(ticket, verdictOf(end));
      if (state?.isClosed === false) outlier?.ended(end);
    };
  }

  mayRetry(cause: GatewayError, exchange: Exchange): boolean {
    if (this.retries === undefined) return true;
    if (this.retries.take()) {
      this.#isSpent = false;
      return true;
    }
    const fields = { code: cause.code, refused: this.retries.refused };
    if (this.#isSpent) exchange.log.debug(fields, 'no retry: the budget of the route is spent');
    else exchange.log.warn(fields, 'no retry: the budget of the route is spent');
    this.#isSpent = true;
    this.#context.record({
      type: 'limit.reached',
      exchangeId: exchange.id,
      routeId: this.routeId,
      limit: 'retries',
      action: 'refuse',
      direction: undefined,
    });
    return false;
  }

  /** What a request is refused with when no endpoint may be used. */
  unavailable(): GatewayError {
    return refusalOf(this.breaker, this.present);
  }

  /**
   * Whether ejected endpoints are used all the same: no other may be, since checks took the others out, or circuits, or
   * they left. Ejection alone refuses nobody, unless it may eject all.
   */
  get mustSpare(): boolean {
    const { ejection } = this.options;
    if (ejection === undefined || ejection.maxEjectedPercent === 100) return false;
    return !this.present.some(({ isWell, breaker }) => isWell && breaker?.isPassable !== false);
  }

  now(): number {
    return this.#context.clock.now();
  }

  random(): number {
    return this.#context.random();
  }

  /** Another state of the same route was closed, and told that all is as usual: it is not. */
  retell(): void {
    this.#events.again(this.breaker, this.present);
  }

  /** Frees timers and checks. Attempts that run still end, and say nothing. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.breakerForgotten(undefined, this.breaker);
    this.breaker?.close();
    this.#endpoints.close();
  }

  #joined(state: EndpointState, isNewcomer: boolean): void {
    const { breaker, ejection } = this.options;
    if (breaker?.scope === 'endpoint') state.breaker ??= this.#breakerOf(state);
    if (ejection !== undefined) state.outlier ??= this.#outlierOf(state);
    state.health = this.#checkOf(state);
    if (isNewcomer) this.#recovered(state, 'it is new');
    else this.#tell(state, 'it was known before');
  }

  #left(state: EndpointState): void {
    state.health?.release();
    state.health = undefined;
    state.cool();
  }

  /** The check was of another kind of connection. */
  #schemeChanged(state: EndpointState): void {
    const before = state.health;
    state.health = this.#checkOf(state);
    before?.release();
    this.#tell(state, 'it has another scheme');
  }

  #checkOf(state: EndpointState): HealthHold | undefined {
    const { healthCheck } = this.options;
    if (healthCheck === undefined) return undefined;
    return this.#context.checks.hold(this.#route, state.endpoint, healthCheck, (isHealthy, reason) => {
      if (isHealthy) this.#recovered(state, reason);
      else this.#tell(state, reason);
    });
  }

  #breakerOf(state: EndpointState | undefined): CircuitBreaker | undefined {
    const { breaker: options } = this.options;
    if (options === undefined) return undefined;
    let last: BreakerState = 'closed';
    return new CircuitBreaker(options, this.#context.clock, (next) => {
      this.#version += 1;
      if (next === last) return;
      last = next;
      this.#events.breaker(state?.endpoint, next, options.breakMs);
      if (next === 'closed' && state !== undefined) this.#recovered(state, 'its circuit closed');
    });
  }

  #outlierOf(state: EndpointState): Outlier | undefined {
    const { ejection } = this.options;
    if (ejection === undefined) return undefined;
    return new Outlier(ejection, this.#context.clock, {
      mayEject: () => {
        const { present } = this;
        const ejected = present.filter(({ outlier }) => outlier?.isEjected === true).length;
        return ejected < Math.floor((present.length * ejection.maxEjectedPercent) / 100);
      },
      ejected: (forMs, reason) => {
        this.#events.ejected(state, forMs, reason);
        this.#tell(state, reason);
      },
      returned: () => {
        this.#events.returned(state);
        this.#recovered(state, 'its ejection is over');
      },
    });
  }

  /** New or well again: it starts slowly, if the route wants that. */
  #recovered(state: EndpointState, reason: string): void {
    const { slowStartMs } = this.options;
    if (slowStartMs > 0 && state.isWell && state.goneMs === undefined) {
      const timer = this.#context.clock.setTimer(slowStartMs, () => {
        state.cool();
        this.#tell(state, 'its slow start is over');
      });
      state.warm(this.#context.clock.now(), timer);
    }
    this.#tell(state, reason);
  }

  #tell(state: EndpointState, reason: string): void {
    this.#version += 1;
    this.#events.endpoint(state, reason);
  }

  /** Asks how the session ends, if there will be one and it is with this endpoint: another attempt may open it. */
  #followSession(state: EndpointState, exchange: Exchange): void {
    if (exchange.request.kind !== 'upgrade') return;
    exchange.onOpen((session) => {
      void session.closed.then((summary) => {
        if (state.isClosed || endpointKey(summary.endpoint) !== endpointKey(state.endpoint)) return;
        state.outlier?.sessionEnded(this.#isEarlyDeath(summary));
      });
    });
  }

  #isEarlyDeath({ closedBy, errorCode, durationMs }: SessionSummary): boolean {
    const limitMs = this.options.ejection?.earlyDeathMs ?? 0;
    return closedBy === 'backend' && errorCode === 'OCELOT_ERR_BACKEND_LOST' && durationMs <= limitMs;
  }
}
