import type { Rule } from '../quota/counter.js';

/** What a store says of one request that it counted. */
export interface Hit {
  /** Requests since the window began, this one included. */
  readonly total: number;
  /** Milliseconds until the window ends. */
  readonly resetMs: number;
  /** Milliseconds until the client may come back; 0: the request passes. */
  readonly retryAfterMs: number;
}

/** Where requests are counted: for one gateway, or for several that share it. */
export interface CounterStore {
  /**
   * Counts one request. Requests that come at once are counted one after the other: no limit is passed by a race.
   * @param key Bounded in length; tells nobody whom it is for.
   * @returns undefined when it could not be counted, and the configuration lets such requests pass.
   * @throws GatewayError RATE_LIMITED, status 503 (also as a rejection), when the configuration refuses them.
   */
  hit(key: string, rule: Rule): Hit | undefined | Promise<Hit | undefined>;
  /** Gives everything back. Idempotent. */
  close(): void;
}
