// Runs once per attempt on routes that take a ratio: a few additions in place, no allocation.
import type { Clock } from '@ocelot/core';

/** Buckets of a window: an event is forgotten up to a tenth of the window too late. */
const BUCKETS = 10;

/**
 * Counts events of the last `spanMs` milliseconds, and how many of them are marked. Memory does not grow with the
 * number of events. Holds no timer.
 */
export class RollingWindow {
  readonly #clock: Clock;
  readonly #bucketMs: number;
  readonly #totals = new Uint32Array(BUCKETS);
  readonly #marks = new Uint32Array(BUCKETS);
  /** Number of the bucket written last, counted from the clock's zero. */
  #head: number;
  #total = 0;
  #marked = 0;

  constructor(clock: Clock, spanMs: number) {
    this.#clock = clock;
    this.#bucketMs = spanMs / BUCKETS;
    this.#head = this.#bucketNow();
  }

  /** Events of the window. */
  get total(): number {
    this.#forgetOld();
    return this.#total;
  }

  /** Marked ones among them. */
  get marked(): number {
    this.#forgetOld();
    return this.#marked;
  }

  add(isMarked: boolean): void {
    this.#forgetOld();
    const at = this.#head % BUCKETS;
    this.#totals[at] = (this.#totals[at] ?? 0) + 1;
    this.#total += 1;
    if (!isMarked) return;
    this.#marks[at] = (this.#marks[at] ?? 0) + 1;
    this.#marked += 1;
  }

  clear(): void {
    this.#totals.fill(0);
    this.#marks.fill(0);
    this.#total = 0;
    this.#marked = 0;
  }

  #bucketNow(): number {
    return Math.floor(this.#clock.now() / this.#bucketMs);
  }

  #forgetOld(): void {
    const now = this.#bucketNow();
    if (now === this.#head) return;
    if (now - this.#head >= BUCKETS) this.clear();
    else {
      for (let bucket = this.#head + 1; bucket <= now; bucket += 1) {
        const at = bucket % BUCKETS;
        this.#total -= this.#totals[at] ?? 0;
        this.#marked -= this.#marks[at] ?? 0;
        this.#totals[at] = 0;
        this.#marks[at] = 0;
      }
    }
    this.#head = now;
  }
}
