import type { Clock } from '@ocelot/core';

import { RollingWindow } from '../breaker/rolling-window.js';

/** How many retries a route may make. */
export interface RetryBudgetOptions {
  /** Retries as a share of requests. */
  readonly ratio: number;
  /** Retries a second that are always allowed, so that quiet routes fail over too. */
  readonly minPerSecond: number;
}

/** Time over which requests and retries are counted. */
const WINDOW_MS = 10_000;

/**
 * Keeps retries a share of the requests of a route (as Finagle and Linkerd do): when all backends fail, failing over
 * must not multiply the load on them. Counts of the last ten seconds; holds no timer.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  /** Attempts, first ones and retries alike; and once more, marked, each retry that was granted. */
  readonly #counts: RollingWindow;
  #refused = 0;

  constructor(options: RetryBudgetOptions, clock: Clock) {
    this.#options = options;
    this.#counts = new RollingWindow(clock, WINDOW_MS);
  }

  /** Retries refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether a retry would be refused now. */
  get isSpent(): boolean {
    const { ratio, minPerSecond } = this.#options;
    const { total, marked } = this.#counts;
    const requests = Math.max(0, total - 2 * marked);
    return marked + 1 > ratio * requests + (minPerSecond * WINDOW_MS) / 1000;
  }

  /** An attempt began: the first one of a request, or a retry. */
  attempt(): void {
    this.#counts.add(false);
  }

  /** Takes one retry out of the budget, or says that it is spent. */
  take(): boolean {
    if (this.isSpent) {
      this.#refused += 1;
      return false;
    }
    this.#counts.add(true);
    return true;
  }
}
