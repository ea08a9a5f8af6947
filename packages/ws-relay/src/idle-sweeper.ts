import type { Clock, Timer } from '@ocelot/core';

/** Something with deadlines that are looked at now and then. */
export interface Sweepable {
  sweep(nowMs: number): void;
}

/** Most and least time between two looks, in milliseconds. */
const SLOWEST_MS = 1000;
const FASTEST_MS = 10;

/** A deadline is met at most this part of itself too late. */
const LOOKS_PER_LIMIT = 4;

/**
 * One timer for all sessions of a relay: ten thousand sockets with a timer each would spend their time setting them.
 * A session is looked at while it has an idle limit or is closing; the rest costs nothing. Nothing is written down per
 * frame either: whether bytes passed is seen by comparing counters.
 */
export class IdleSweeper {
  readonly #clock: Clock;
  readonly #members = new Set<Sweepable>();
  #intervalMs = SLOWEST_MS;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks at `member` from now on, often enough for a limit of `limitMs`. Idempotent. */
  add(member: Sweepable, limitMs: number): void {
    this.#members.add(member);
    const interval = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, limitMs / LOOKS_PER_LIMIT));
    if (this.#timer !== undefined && interval >= this.#intervalMs) return;
    this.#intervalMs = this.#timer === undefined ? interval : Math.min(interval, this.#intervalMs);
    this.#timer?.clear();
    this.#arm();
  }

  /** Idempotent. */
  remove(member: Sweepable): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => {
      const now = this.#clock.now();
      for (const member of this.#members) member.sweep(now);
      if (this.#members.size > 0) this.#arm();
      else this.#timer = undefined;
    });
  }
}
