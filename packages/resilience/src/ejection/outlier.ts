// Runs once per attempt on routes with Gateway.Resilience.Ejection: comparisons and additions, no allocation.
import type { AttemptEnd, Clock, Timer } from '@ocelot/core';

import { type AttemptVerdict, verdictOf } from '../breaker/attempt-verdict.js';
import { RollingWindow } from '../breaker/rolling-window.js';
import type { EjectionOptions } from './ejection-options.js';

/** What an outlier asks and tells; the route's own. */
export interface OutlierWatch {
  /** Whether one more endpoint of the route may be ejected now. */
  mayEject(): boolean;
  /** It was ejected, for so long. */
  ejected(forMs: number, reason: string): void;
  /** It is back. */
  returned(): void;
}

/**
 * Follows how the calls to one endpoint end, and ejects it for a growing time when they fail too often (Envoy: outlier
 * detection). Holds one timer while ejected: `close` clears it.
 */
export class Outlier {
  readonly #options: EjectionOptions;
  readonly #clock: Clock;
  readonly #watch: OutlierWatch;
  readonly #window: RollingWindow | undefined;
  #consecutive = 0;
  #earlyDeaths = 0;
  /** Ejections that followed each other. */
  #times = 0;
  #returnedMs = 0;
  #untilMs = 0;
  #timer: Timer | undefined;

  constructor(options: EjectionOptions, clock: Clock, watch: OutlierWatch) {
    this.#options = options;
    this.#clock = clock;
    this.#watch = watch;
    this.#window = options.failureRatio > 0 ? new RollingWindow(clock, options.windowMs) : undefined;
  }

  get isEjected(): boolean {
    return this.#timer !== undefined;
  }

  /** Milliseconds until it is back. */
  get ejectedForMs(): number {
    return this.isEjected ? Math.max(0, this.#untilMs - this.#clock.now()) : 0;
  }

  /** An attempt ended. What began before an ejection and ends in it says nothing. */
  ended(end: Pick<AttemptEnd, 'outcome' | 'status' | 'error'>): void {
    const verdict = verdictOf(end);
    if (verdict === 'nothing' || this.isEjected) return;
    this.#window?.add(verdict === 'failure');
    this.#countInARow(end.outcome, verdict);
    if (verdict === 'failure') this.#judge();
  }

  /** A session ended: soon after its 101 by a cut of the backend, or otherwise. */
  sessionEnded(isEarlyDeath: boolean): void {
    if (this.isEjected) return;
    this.#earlyDeaths = isEarlyDeath ? this.#earlyDeaths + 1 : 0;
    if (isEarlyDeath) this.#judge();
  }

  /** Clears the timer: it is not ejected any more, and nobody is told. Idempotent. */
  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Only connects and handshakes count: a backend that answers 503 in a row is there. */
  #countInARow(outcome: AttemptEnd['outcome'], verdict: AttemptVerdict): void {
    if (outcome === 'answered') this.#consecutive = 0;
    else if (verdict === 'failure') this.#consecutive += 1;
  }

  #judge(): void {
    const reason = this.#reason();
    if (reason === undefined || !this.#watch.mayEject()) return;
    const { baseMs, maxMs } = this.#options;
    const now = this.#clock.now();
    // Who has been fine for as long as the longest ejection begins anew.
    if (now - this.#returnedMs > maxMs) this.#times = 0;
    const forMs = Math.min(baseMs * 2 ** this.#times, maxMs);
    this.#times = Math.min(this.#times + 1, 31);
    this.#untilMs = now + forMs;
    this.#timer = this.#clock.setTimer(forMs, () => this.#return());
    this.#consecutive = 0;
    this.#earlyDeaths = 0;
    this.#window?.clear();
    this.#watch.ejected(forMs, reason);
  }

  #reason(): string | undefined {
    const { consecutiveFailures, failureRatio, minimumRequests } = this.#options;
    if (consecutiveFailures > 0 && this.#consecutive >= consecutiveFailures)
      return `${this.#consecutive} failed connects or handshakes in a row`;
    if (consecutiveFailures > 0 && this.#earlyDeaths >= consecutiveFailures)
      return `${this.#earlyDeaths} sessions in a row were cut soon after the 101`;
    const window = this.#window;
    if (window === undefined || window.total < minimumRequests) return undefined;
    const { total, marked } = window;
    return marked / total >= failureRatio ? `${marked} of ${total} calls failed` : undefined;
  }

  #return(): void {
    this.#timer = undefined;
    this.#returnedMs = this.#clock.now();
    this.#watch.returned();
  }
}
