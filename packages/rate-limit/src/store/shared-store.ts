// Hot path: `hit` runs once per request on routes with `RateLimitOptions`. While the store is down it asks nothing of it.

import { type Clock, GatewayError, type GatewayEvent, type Logger, type Timer } from '@ocelot/core';

import type { Rule } from '../quota/counter.js';
import type { CounterStore, Hit } from './counter-store.js';
import type { OnFailure } from './store-settings.js';

/** How often a store that is down is asked whether it is back, in milliseconds. */
const PROBE_MS = 500;

/** Causes that are told of in one outage: the first is often only that the connection broke. */
const MOST_CAUSES = 3;

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
  /** Requests that wait for an answer. */
  #pending = 0;
  #isRetired = false;
  /** What was told of the outage that lasts. */
  readonly #causes = new Set<string>();

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

  /** Nobody new comes: closes as soon as the requests that wait have their answer, which is soon. */
  retire(): void {
    this.#isRetired = true;
    this.#probe?.clear();
    if (this.#pending === 0) this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#probe?.clear();
    this.#options.remote.close();
  }

  async #count(key: string, rule: Rule): Promise<Hit | undefined> {
    let hit: Hit;
    this.#pending += 1;
    try {
      hit = await this.#options.remote.count(key, rule);
    } catch (error) {
      this.#down(error);
      return this.#withoutStore(key, rule);
    } finally {
      this.#pending -= 1;
      if (this.#isRetired && this.#pending === 0) this.close();
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
    this.#causes.clear();
    record({ type: 'dependency.changed', name: 'rate-limit-store', isUp: true, error: undefined });
  }

  #down(cause: unknown): void {
    if (this.#isClosed || this.#isRetired) return;
    this.#probe ??= this.#options.clock.setTimer(PROBE_MS, () => {
      this.#probe = undefined;
      void this.#ask(); // Never rejects.
    });
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const wasDown = this.#isUp === false;
    this.#isUp = false;
    this.#tellCause(error, wasDown);
    if (!wasDown) this.#options.record({ type: 'dependency.changed', name: 'rate-limit-store', isUp: false, error });
  }

  #tellCause({ message }: Error, wasDown: boolean): void {
    if (this.#causes.has(message) || this.#causes.size === MOST_CAUSES) return;
    this.#causes.add(message);
    const { log, address, onFailure } = this.#options;
    const fields = { store: address, error: message, onFailure };
    log.warn(fields, wasDown ? 'rate limit store is still down' : 'rate limit store is down');
  }
}
