import type { GatewayConfig, PluginHost } from '@ocelot/core';

import type { CounterStore } from './counter-store.js';
import { MemoryStore } from './memory-store.js';
import { SharedStore } from './shared-store.js';
import { maxKeysOf, readRedisSettings } from './store-settings.js';

interface Opened {
  readonly store: SharedStore;
  /** The configurations that use it. */
  readonly users: Set<GatewayConfig>;
}

/**
 * Owns the stores of one gateway. Counters in memory outlive reloads; a connection to Redis is kept as long as a
 * configuration names it, and is opened only for one whose routes count requests.
 */
export class StoreDirectory {
  readonly #host: PluginHost;
  readonly #memory: MemoryStore;
  readonly #opened = new Map<string, Opened>();
  #maxKeys = 0;

  constructor(host: PluginHost) {
    this.#host = host;
    this.#memory = new MemoryStore({
      clock: host.clock,
      maxKeys: () => this.#maxKeys,
      onFull: () => {
        const hint = 'raise Gateway.RateLimit.Store.MaxKeys, or tell clients apart by something they cannot choose';
        host.log.warn({ maxKeys: this.#maxKeys, hint }, 'rate limit store is full: the oldest counters give way');
      },
    });
  }

  /**
   * Opens what the configuration needs. Waits for the first answer of a store, within the time of one request; a store
   * that is down does not refuse the configuration.
   * @throws ConfigError when the address of the store, or a file, cannot be had.
   */
  async prepare(config: GatewayConfig): Promise<void> {
    if (this.#maxKeys === 0) this.#maxKeys = maxKeysOf(config);
    const settings = readRedisSettings(config);
    if (settings === undefined || this.#host.isTrial === true) return;
    const name = JSON.stringify(settings);
    const opened = this.#opened.get(name);
    if (opened !== undefined) {
      opened.users.add(config);
      return;
    }
    const { RedisCounters } = await import('./redis-counters.js');
    const { address, onFailure } = settings;
    const { clock, log } = this.#host;
    const store = new SharedStore({
      remote: new RedisCounters(settings),
      local: this.#memory,
      onFailure,
      address,
      clock,
      log,
      record: (event) => this.#host.record(event),
    });
    this.#opened.set(name, { store, users: new Set([config]) });
    await store.begin();
  }

  /** The configuration is in force. */
  applied(config: GatewayConfig): void {
    this.#maxKeys = maxKeysOf(config);
  }

  /** Where requests of a configuration are counted. */
  of(config: GatewayConfig): CounterStore {
    for (const { store, users } of this.#opened.values()) if (users.has(config)) return store;
    return this.#memory;
  }

  /** The configuration is not in force any more. */
  released(config: GatewayConfig): void {
    for (const [name, { store, users }] of this.#opened) {
      if (!users.delete(config) || users.size > 0) continue;
      this.#opened.delete(name);
      store.retire();
    }
  }

  /** Closes everything. Idempotent. */
  close(): void {
    for (const { store } of this.#opened.values()) store.close();
    this.#opened.clear();
    this.#memory.close();
  }
}
