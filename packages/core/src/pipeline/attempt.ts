// Once per lease, and only on routes with guards or in gateways with telemetry.
import type { Clock } from '../contracts/clock.js';
import type { AttemptEnd, AttemptWatch } from '../contracts/endpoint-guard.js';
import type { Endpoint } from '../contracts/endpoint.js';
import type { Exchange } from '../contracts/exchange.js';
import type { AttemptOutcome, GatewayEvent } from '../contracts/telemetry.js';
import type { GatewayError } from '../errors/gateway-error.js';
import type { RouteGuards } from './route-guards.js';

/** Who is told of the attempts of one route. Made once per configuration; undefined where nobody is. */
export interface AttemptRules {
  readonly guards: RouteGuards | undefined;
  /** Undefined where no telemetry sink listens. */
  readonly record: ((event: GatewayEvent) => void) | undefined;
  readonly clock: Clock;
}

/** The way to one endpoint, from its lease to the head of an answer or to its failure; ends exactly once. */
export class Attempt {
  readonly #rules: AttemptRules;
  readonly #exchange: Exchange;
  readonly #endpoint: Endpoint;
  readonly #startedMs: number;
  readonly #watches: readonly AttemptWatch[];

  constructor(rules: AttemptRules, exchange: Exchange, endpoint: Endpoint) {
    this.#rules = rules;
    this.#exchange = exchange;
    this.#endpoint = endpoint;
    this.#startedMs = rules.clock.now();
    this.#watches = rules.guards?.begin(endpoint, exchange) ?? [];
    rules.record?.({ type: 'attempt.started', exchangeId: exchange.id, routeId: exchange.route.id, endpoint });
  }

  /** The caller lets go of the attempt first: it ends once. */
  end(outcome: AttemptOutcome, status: number | undefined, error: GatewayError | undefined): void {
    const { clock, record } = this.#rules;
    const end: AttemptEnd = { outcome, status, error, durationMs: clock.now() - this.#startedMs };
    for (const watch of this.#watches) watch(end);
    record?.({
      type: 'attempt.ended',
      exchangeId: this.#exchange.id,
      routeId: this.#exchange.route.id,
      endpoint: this.#endpoint,
      outcome,
      status,
      errorCode: error?.code,
      durationMs: end.durationMs,
    });
  }
}

/** Whose fault the end of an attempt is decides: only what blames the backend says anything about the endpoint. */
export function outcomeOf(error: GatewayError | undefined): AttemptOutcome {
  return error?.source === 'backend' ? 'failed' : 'cancelled';
}
