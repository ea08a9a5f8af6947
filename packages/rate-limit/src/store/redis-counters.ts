import { type Callback, Redis, type RedisOptions, type Result } from 'ioredis';

import { type Rule, storedForMs } from '../quota/counter.js';
import type { Hit } from './counter-store.js';
import { redisConnector } from './redis-connector.js';
import { COUNT_SCRIPT } from './redis-script.js';
import type { RemoteCounters } from './shared-store.js';
import type { RedisSettings } from './store-settings.js';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** {@link COUNT_SCRIPT} */
    ocelotCount(
      key: string,
      limit: number,
      periodMs: number,
      waitMs: number,
      keepMs: number,
      callback?: Callback<[number, number, number]>,
    ): Result<[number, number, number], Context>;
  }
}

/** Longest pause between two attempts to connect, in milliseconds. */
const LONGEST_PAUSE_MS = 1000;

/** How long the counter of a probe is kept, in milliseconds. */
const PROBE_KEPT_MS = 1000;

/** A connection that answered nothing for so long is made anew, in milliseconds. */
const DEAD_MS = 5000;

const CLUSTER = 'it is a Redis Cluster, which is not supported';

/**
 * Counts in Redis 5 or later, or Valkey, over one connection. Ocelot's algorithm is a script of our own: limiters of
 * libraries count whole seconds and do not know Ocelot's wait. Loaded only where a configuration names Redis.
 */
export class RedisCounters implements RemoteCounters {
  readonly #redis: Redis;
  readonly #timeoutMs: number;
  /** Why there is no connection; undefined while there is one, or it is on its way. */
  #failure: Error | undefined;
  /** One of several that share the keys: it counts some clients and not others. */
  #isOneOfMany = false;

  constructor({ url, tls, keyPrefix, timeoutMs }: RedisSettings) {
    this.#timeoutMs = timeoutMs;
    const options: RedisOptions = {
      keyPrefix,
      Connector: redisConnector(url, tls),
      connectionName: 'ocelot-rate-limit',
      connectTimeout: Math.max(timeoutMs, LONGEST_PAUSE_MS),
      commandTimeout: timeoutMs,
      socketTimeout: Math.max(DEAD_MS, 2 * timeoutMs),
      // A request that cannot be counted now is not counted later: it has been answered by then.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // A server that was demoted keeps its connections; its name leads to the one that took over.
      reconnectOnError: ({ message }) => message.startsWith('READONLY'),
      retryStrategy: (attempt) => Math.min(50 * attempt, LONGEST_PAUSE_MS),
      ...(tls === undefined ? {} : { tls: { ...tls } }),
    };
    this.#redis = new Redis(url, options);
    this.#redis.defineCommand('ocelotCount', { numberOfKeys: 1, lua: COUNT_SCRIPT });
    // What a broken connection means is told by the calls and probes that fail on it.
    this.#redis.on('error', (error: Error) => (this.#failure = error));
    this.#redis.on('ready', () => {
      this.#failure = undefined;
      this.#isOneOfMany = false;
    });
  }

  async count(key: string, rule: Rule): Promise<Hit> {
    const { limit, periodMs, waitMs } = rule;
    const keepMs = Math.ceil(storedForMs(rule));
    if (this.#redis.status !== 'ready') throw bare(this.#failure ?? new Error('there is no connection'));
    try {
      const [total, resetMs, retryAfterMs] = await this.#redis.ocelotCount(key, limit, periodMs, waitMs, keepMs);
      return { total, resetMs, retryAfterMs };
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async ping(): Promise<void> {
    try {
      if (this.#redis.status !== 'ready') await this.#connected();
      if (this.#isOneOfMany) throw new Error(CLUSTER);
      // As a request does: a replica, a full server or a user without rights answers a PING, and counts nothing.
      await this.#redis.ocelotCount('probe', 1, 1, 0, PROBE_KEPT_MS);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Once it sent a request elsewhere it is not asked again: it would be up for some clients, twice a second. */
  #explained(error: unknown): Error {
    const { message } = bare(error);
    if (!/^(?:MOVED|ASK|CLUSTERDOWN) /.test(message)) return new Error(message);
    this.#isOneOfMany = true;
    return new Error(CLUSTER);
  }

  close(): void {
    this.#redis.disconnect();
  }

  /** Waits for the connection, within the time of one answer; at the start it is on its way. */
  #connected(): Promise<void> {
    const redis = this.#redis;
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        redis.off('ready', ready).off('error', settle).off('end', ended);
        if (error === undefined) resolve();
        else reject(error);
      };
      const ready = (): void => settle();
      const ended = (): void => settle(new Error('the connection was closed'));
      const timer = setTimeout(
        () => settle(this.#failure ?? new Error('no connection in time')),
        this.#timeoutMs,
      ).unref();
      redis.on('ready', ready).on('error', settle).on('end', ended);
    });
  }
}

/** Errors of the client carry the command with its arguments: a password, where it was AUTH. */
function bare(error: unknown): Error {
  return new Error(error instanceof Error ? error.message : String(error));
}
