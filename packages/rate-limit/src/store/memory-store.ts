// Hot path: `hit` runs once per request on routes with `RateLimitOptions`.

import type { Clock, Timer } from '@ocelot/core';

import { type Counter, decide, type Rule, storedForMs } from '../quota/counter.js';
import type { CounterStore, Hit } from './counter-store.js';

/** How often counters that are over are looked for, in milliseconds; one that is asked for is looked at itself. */
const SWEEP_MS = 30_000;

interface Stored {
  readonly counter: Counter;
  readonly expiresAtMs: number;
}

/** What a {@link MemoryStore} varies. */
export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Most counters at a time; the one that was begun first gives way. */
  readonly maxKeys: () => number;
  /** Told at most once between two sweeps: a counter gave way. */
  readonly onFull: () => void;
}

/** Counts in the memory of this process. Answers at once. Keeps at most `maxKeys` counters, each as long as it counts. */
export class MemoryStore implements CounterStore {
  readonly #options: MemoryStoreOptions;
  readonly #counters = new Map<string, Stored>();
  #timer: Timer | undefined;
  #isFullTold = false;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
  }

  /** How many counters are kept. */
  get size(): number {
    return this.#counters.size;
  }

  hit(key: string, rule: Rule): Hit {
    const nowMs = this.#options.clock.now();
    const stored = this.#counters.get(key);
    const entry = stored !== undefined && nowMs < stored.expiresAtMs ? stored.counter : undefined;
    const { counter, retryAfterMs } = decide(entry, rule, nowMs);
    if (stored === undefined) this.#makeRoom();
    this.#counters.set(key, { counter, expiresAtMs: nowMs + storedForMs(rule) });
    this.#timer ??= this.#options.clock.setTimer(SWEEP_MS, () => this.#sweep());
    const { total, startedAtMs } = counter;
    return { total, resetMs: Math.max(0, startedAtMs + rule.periodMs - nowMs), retryAfterMs };
  }

  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#counters.clear();
  }

  #makeRoom(): void {
    if (this.#counters.size < this.#options.maxKeys()) return;
    const [oldest] = this.#counters.keys();
    if (oldest !== undefined) this.#counters.delete(oldest);
    if (this.#isFullTold) return;
    this.#isFullTold = true;
    this.#options.onFull();
  }

  #sweep(): void {
    const nowMs = this.#options.clock.now();
    for (const [key, { expiresAtMs }] of this.#counters) if (expiresAtMs <= nowMs) this.#counters.delete(key);
    this.#isFullTold = false;
    this.#timer = this.#counters.size === 0 ? undefined : this.#options.clock.setTimer(SWEEP_MS, () => this.#sweep());
  }
}
