// Hot path: `acquire` and `release` run once per session and shared limit.

import type { Clock, Timer } from '@ocelot/core';

import { type Rate, TokenBucket } from './token-bucket.js';

/** How often buckets that nobody uses are looked at, in milliseconds. */
const SWEEP_MS = 10_000;

/** Most buckets that are kept for clients without an open session. */
const MOST_LEFT = 100_000;

interface Entry {
  readonly bucket: TokenBucket;
  users: number;
}

/** A share of a bucket that several sessions take from. */
export interface BucketShare {
  readonly bucket: TokenBucket;
  /** Gives the share back. Call it once. */
  release(): void;
}

/**
 * The buckets that sessions share, by client and by route. One that nobody uses is kept until it is full again, or a
 * client would only have to connect anew to be given another burst.
 */
export class SharedBuckets {
  readonly #clock: Clock;
  readonly #mostLeft: number;
  readonly #entries = new Map<string, Entry>();
  /** Without users, not full yet; in the order of their release. */
  readonly #left = new Set<string>();
  #timer: Timer | undefined;

  /** @param mostLeft A parameter for tests. */
  constructor(clock: Clock, mostLeft: number = MOST_LEFT) {
    this.#clock = clock;
    this.#mostLeft = mostLeft;
  }

  /** How many buckets there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** @param key Names whose bucket it is, and its rate. */
  acquire(key: string, rate: Rate): BucketShare {
    const entry = this.#entries.get(key) ?? { bucket: new TokenBucket(rate, this.#clock.now()), users: 0 };
    entry.users += 1;
    this.#entries.set(key, entry);
    this.#left.delete(key);
    return { bucket: entry.bucket, release: () => this.#release(key, entry) };
  }

  /** Forgets everything. Idempotent. */
  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#entries.clear();
    this.#left.clear();
  }

  #release(key: string, entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0 || this.#entries.get(key) !== entry) return;
    if (entry.bucket.isFull(this.#clock.now())) {
      this.#entries.delete(key);
      return;
    }
    this.#left.add(key);
    if (this.#left.size > this.#mostLeft) this.#forgetOldest();
    this.#timer ??= this.#clock.setTimer(SWEEP_MS, () => this.#sweep());
  }

  #forgetOldest(): void {
    const [oldest] = this.#left;
    if (oldest === undefined) return;
    this.#left.delete(oldest);
    this.#entries.delete(oldest);
  }

  #sweep(): void {
    const nowMs = this.#clock.now();
    for (const key of this.#left) {
      if (this.#entries.get(key)?.bucket.isFull(nowMs) === false) continue;
      this.#left.delete(key);
      this.#entries.delete(key);
    }
    this.#timer = this.#left.size === 0 ? undefined : this.#clock.setTimer(SWEEP_MS, () => this.#sweep());
  }
}
