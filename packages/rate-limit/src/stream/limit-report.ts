// Hot path: `reached` runs once per message or pause beyond a limit; it tells at most once in ten seconds and session.

import type { Clock, Direction, Exchange, GatewayEvent } from '@ocelot/core';

import type { StreamLimit } from './stream-limits.js';

/** How often one session is told of, in milliseconds. */
const REPORT_EVERY_MS = 10_000;

/** What a report is made with. */
export interface ReportContext {
  readonly clock: Clock;
  readonly record: (event: GatewayEvent) => void;
}

/** Tells the log and the telemetry sinks that one session reached one limit in one direction: once a while, with counts. */
export class LimitReport {
  readonly #context: ReportContext;
  readonly #exchange: Exchange;
  readonly #limit: StreamLimit;
  readonly #direction: Direction;
  #untold = 0;
  #toldMs = -Infinity;

  /** Tells what is left at the end of the exchange. */
  constructor(context: ReportContext, exchange: Exchange, limit: StreamLimit, direction: Direction) {
    this.#context = context;
    this.#exchange = exchange;
    this.#limit = limit;
    this.#direction = direction;
    exchange.defer(() => {
      if (this.#untold > 0) this.#log();
    });
  }

  /** The limit was reached once more. */
  reached(): void {
    this.#untold += 1;
    const nowMs = this.#context.clock.now();
    if (nowMs - this.#toldMs < REPORT_EVERY_MS) return;
    this.#toldMs = nowMs;
    const { unit, action } = this.#limit;
    const { id, route } = this.#exchange;
    this.#log();
    const direction = this.#direction;
    this.#context.record({ type: 'limit.reached', exchangeId: id, routeId: route.id, limit: unit, action, direction });
  }

  #log(): void {
    const { unit, action } = this.#limit;
    const fields = { limit: unit, action, direction: this.#direction, times: this.#untold };
    this.#untold = 0;
    this.#exchange.log.info(fields, 'rate limit reached');
  }
}
