// `touch` runs once per chunk: it takes a time, and sets no timer.
import type { Clock, Timer } from '@ocelot/core';

/** Notices that nothing moved for a while. One timer at a time, set anew only when it fires. */
export class ProgressTimer {
  readonly #clock: Clock;
  #limitMs = 0;
  #touchedMs = 0;
  #stalled: () => void = () => undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to wait for something else. @param limitMs 0: without limit. */
  restart(limitMs: number, stalled: () => void): void {
    this.clear();
    this.#limitMs = limitMs;
    this.#stalled = stalled;
    if (limitMs <= 0) return;
    this.touch();
    this.#timer = this.#clock.setTimer(limitMs, this.#look);
  }

  /** Something moved. */
  touch(): void {
    if (this.#limitMs > 0) this.#touchedMs = this.#clock.now();
  }

  /** Idempotent. */
  clear(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    const remainingMs = this.#touchedMs + this.#limitMs - this.#clock.now();
    if (remainingMs <= 0) {
      this.#timer = undefined;
      this.#stalled();
    } else this.#timer = this.#clock.setTimer(remainingMs, this.#look);
  };
}
