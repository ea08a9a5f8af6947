// Hot path: `hit` runs once per request on routes with `RateLimitOptions`. While the store is down it asks nothing of it.

import { type Clock, GatewayError, type GatewayEvent, type Logger, type Timer } from '@ocelot/core';

import type { Rule } from '../quota/counter.js';
import type { CounterStore, Hit } from './counter-store.js';
import type { OnFailure } from './store-settings.js';

/** How often a store that is down is asked whether it is back, in milliseconds. */
const PROBE_MS = 500;

/** A store elsewhere. Each call settles in bounded time. */
export interface RemoteCounters {
  count(key: string, rule: Rule): Promise<Hit>;
  /** Settles as `count` would. */
  ping(): Promise<void>;
  close(): void;
}

/** What a {@link SharedStore} is made of. */
export interface SharedStoreOptions {
  readonly remote: RemoteCounters;
  /** Counts where the remote does not, for `local`. Not owned. */
  readonly local: CounterStore;
  readonly onFailure: OnFailure;
  /** Host and port, for the log. */
  readonly address: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly record: (event: GatewayEvent) => void;
}

/**
 * Counts in a store that several gateways share, and decides what happens while it does not answer. A store that failed
 * once is left alone until it answers a probe, so that only the first requests of an outage wait for it.
 */
export class SharedStore implements CounterStore {
  readonly #options: SharedStoreOptions;
  /** Undefined: not heard of yet. */
  #isUp: boolean | undefined;
  #probe: Timer | undefined;
  #isClosed = false;

  constructor(options: SharedStoreOptions) {
    this.#options = options;
  }

  /** Asks the store once, so that its state is known before the first request. Settles in bounded time, never rejects. */
  async begin(): Promise<void> {
    await this.#ask();
  }

  hit(key: string, rule: Rule): Hit | undefined | Promise<Hit | undefined> {
    return this.#isUp === false ? this.#withoutStore(key, rule) : this.#count(key, rule);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#probe?.clear();
    this.#options.remote.close();
  }

  async #count(key: string, rule: Rule): Promise<Hit | undefined> {
    let hit: Hit;
    try {
      hit = await this.#options.remote.count(key, rule);
    } catch (error) {
      this.#down(error);
      return this.#withoutStore(key, rule);
    }
    this.#up();
    return hit;
  }

  #withoutStore(key: string, rule: Rule): Hit | undefined | Promise<Hit | undefined> {
    const { onFailure, local } = this.#options;
    if (onFailure === 'open') return undefined;
    if (onFailure === 'local') return local.hit(key, rule);
    throw new GatewayError('OCELOT_ERR_RATE_LIMITED', {
      status: 503,
      closeCode: 1013,
      source: 'gateway',
      message: 'Limits cannot be checked now.',
      headers: { 'Retry-After': '1' },
      details: { limit: 'requests', reason: 'the rate limit store does not answer, and OnFailure is closed' },
    });
  }

  async #ask(): Promise<void> {
    try {
      await this.#options.remote.ping();
    } catch (error) {
      this.#down(error);
      return;
    }
    this.#up();
  }

  #up(): void {
    if (this.#isUp === true || this.#isClosed) return;
    const { log, address, record } = this.#options;
    if (this.#isUp === false) log.info({ store: address }, 'rate limit store is back');
    this.#isUp = true;
    record({ type: 'dependency.changed', name: 'rate-limit-store', isUp: true, error: undefined });
  }

  #down(cause: unknown): void {
    if (this.#isClosed) return;
    // A request that failed late says nothing new about a store that is known to be down.
    this.#probe ??= this.#options.clock.setTimer(PROBE_MS, () => {
      this.#probe = undefined;
      void this.#ask(); // Never rejects.
    });
    if (this.#isUp === false) return;
    this.#isUp = false;
    const { log, address, record, onFailure } = this.#options;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    log.warn({ store: address, error: error.message, onFailure }, 'rate limit store is down');
    record({ type: 'dependency.changed', name: 'rate-limit-store', isUp: false, error });
  }
}
