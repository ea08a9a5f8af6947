import type { Clock, Logger, Timer } from '@ocelot/core';

import type { CheckSlots } from './check-slots.js';
import type { HealthCheckOptions } from './health-check-options.js';

/** The first check of an endpoint comes within this time, so that a gateway soon knows what it has. */
const FIRST_CHECK_MS = 1000;
/** Waits differ by so much, up and down, so that checks spread. */
const JITTER = 0.1;

/** What a health check needs beside its options. */
export interface HealthCheckContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly slots: CheckSlots;
  /** With the endpoint as a field. */
  readonly log: Logger;
  /** Asks once; rejects with the reason when the endpoint is not well. */
  readonly ask: (signal: AbortSignal) => Promise<void>;
  /** Told of each change. */
  readonly changed: (isHealthy: boolean, reason: string) => void;
}

/** Checks one endpoint again and again until `close`. It counts as healthy until its first check has failed. */
export class HealthCheck {
  readonly #options: HealthCheckOptions;
  readonly #context: HealthCheckContext;
  #isHealthy = true;
  /** Whether a check has ended yet: the first one decides alone. */
  #isKnown = false;
  /** Results in a row that speak against the present state. */
  #against = 0;
  #lastFailure: string | undefined;
  #timer: Timer | undefined;
  #running: AbortController | undefined;
  #isClosed = false;

  constructor(options: HealthCheckOptions, context: HealthCheckContext) {
    this.#options = options;
    this.#context = context;
    this.#wait(context.random() * Math.min(options.intervalMs, FIRST_CHECK_MS));
  }

  get isHealthy(): boolean {
    return this.#isHealthy;
  }

  /** Why the last check failed; undefined when it did not. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** Ends the timer and the check that runs. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.clear();
    this.#running?.abort();
  }

  #wait(ms: number): void {
    this.#timer = this.#context.clock.setTimer(ms, () => void this.#check());
  }

  /** Never rejects. */
  async #check(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    let failure: string | undefined;
    let timer: Timer | undefined;
    try {
      await this.#context.slots.run(() => {
        timer = this.#context.clock.setTimer(this.#options.timeoutMs, () => running.abort());
        return this.#context.ask(running.signal);
      }, running.signal);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    } finally {
      timer?.clear();
      this.#running = undefined;
    }
    if (this.#isClosed) return;
    this.#judge(failure);
    const { intervalMs } = this.#options;
    this.#wait(intervalMs * (1 - JITTER + 2 * JITTER * this.#context.random()));
  }

  #judge(failure: string | undefined): void {
    const isWell = failure === undefined;
    this.#lastFailure = failure;
    const isFirst = !this.#isKnown;
    this.#isKnown = true;
    if (isWell === this.#isHealthy) {
      this.#against = 0;
      return;
    }
    this.#against += 1;
    const { healthyThreshold, unhealthyThreshold } = this.#options;
    const needed = isWell ? healthyThreshold : unhealthyThreshold;
    if (!isFirst && this.#against < needed) return;
    this.#against = 0;
    this.#isHealthy = isWell;
    if (isWell) this.#context.log.info({}, 'endpoint is healthy again');
    else this.#context.log.warn({ cause: failure }, 'endpoint is unhealthy');
    this.#context.changed(isWell, failure ?? 'its checks pass');
  }
}
