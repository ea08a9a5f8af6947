// `of` runs once per attempt: two look-ups and one short text.
import type { SecureContextOptions } from 'node:tls';

import type { Clock, Endpoint, Logger, Route, Timer } from '@ocelot/core';
import { backendAddress, BackendTlsStore } from '@ocelot/relay-kit';

import { BackendPool } from './backend-pool.js';

/** A pool without requests for this long is closed. */
const UNUSED_MS = 60_000;
/** How often unused pools are looked for. */
const SWEEP_MS = 15_000;
/** Beyond this many pools, whatever is unused is closed at once. */
const MOST_POOLS = 2_000;

/** What a directory is made of. */
export interface PoolDirectoryOptions {
  readonly clock: Clock;
  /** For routes that name no files. */
  readonly tlsDefaults: SecureContextOptions | undefined;
  readonly keepAliveMs: number;
  /** Told when the certificates of a route cannot be used. */
  readonly log: Logger;
}

/** The pools of one route. */
interface RoutePools {
  /** What connections are made with. */
  readonly signature: string;
  /** By endpoint. */
  readonly pools: Map<string, BackendPool>;
}

/**
 * The pools of one gateway, one for each route and endpoint. They outlive a reload that leaves alone what connections
 * are made with; the others run dry and are closed. Its timer runs as long as there are pools.
 */
export class PoolDirectory {
  readonly #options: PoolDirectoryOptions;
  readonly #tls: BackendTlsStore;
  readonly #bySignature = new Map<string, RoutePools>();
  readonly #byRoute = new WeakMap<Route, RoutePools>();
  #count = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: PoolDirectoryOptions) {
    this.#options = options;
    this.#tls = new BackendTlsStore(options.tlsDefaults, options.clock, options.log);
  }

  /** How many pools there are. */
  get size(): number {
    return this.#count;
  }

  /**
   * The pool for one request; give it back with `release`.
   * @throws GatewayError BACKEND_UNREACHABLE when the certificates of the route cannot be used.
   */
  take(route: Route, endpoint: Endpoint, usesTls: boolean): BackendPool {
    const pools = this.#poolsOf(route);
    const key = `${usesTls ? 's' : ''}${endpoint.host}:${endpoint.port}`;
    const tls = usesTls ? this.#tls.of(route) : undefined;
    let pool = pools.get(key);
    if (pool !== undefined && pool.tls !== tls) {
      // Other certificates: requests under way end with the ones they began with.
      this.#drop(pools, key, pool);
      pool = undefined;
    }
    if (pool === undefined) {
      if (this.#count >= MOST_POOLS) this.#sweep(0);
      const { keepAliveMs, clock } = this.#options;
      pool = new BackendPool({ address: backendAddress(endpoint), tls, route, keepAliveMs, clock });
      this.#poolsOf(route).set(key, pool);
      this.#count += 1;
      this.#watch();
    }
    pool.inUse += 1;
    return pool;
  }

  /** A request of the pool is over. */
  release(pool: BackendPool): void {
    pool.inUse -= 1;
    pool.idleSinceMs = this.#options.clock.now();
  }

  /** Cuts every connection. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.clear();
    this.#timer = undefined;
    const pools = [...this.#bySignature.values()].flatMap(({ pools: byKey }) => [...byKey.values()]);
    this.#bySignature.clear();
    this.#count = 0;
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #poolsOf(route: Route): Map<string, BackendPool> {
    const known = this.#byRoute.get(route);
    const signature = known?.signature ?? signatureOf(route);
    let found = this.#bySignature.get(signature);
    if (found === undefined) {
      found = { signature, pools: new Map() };
      this.#bySignature.set(signature, found);
    }
    if (found !== known) this.#byRoute.set(route, found);
    return found.pools;
  }

  #watch(): void {
    if (this.#isClosed) return;
    this.#timer ??= this.#options.clock.setTimer(SWEEP_MS, () => {
      this.#timer = undefined;
      this.#sweep(UNUSED_MS);
      if (this.#count > 0) this.#watch();
    });
  }

  #sweep(unusedMs: number): void {
    const now = this.#options.clock.now();
    for (const [signature, { pools }] of this.#bySignature) {
      for (const [key, pool] of pools) {
        if (pool.inUse === 0 && now - pool.idleSinceMs >= unusedMs) this.#drop(pools, key, pool);
      }
      if (pools.size === 0) this.#bySignature.delete(signature);
    }
  }

  #drop(pools: Map<string, BackendPool>, key: string, pool: BackendPool): void {
    pools.delete(key);
    this.#count -= 1;
    // Requests still under way tell their own failures; what closing itself fails with changes nothing for anybody.
    void pool.close().catch(() => undefined);
  }
}

/** Routes with the same one may share connections: the same route before and after a reload. */
function signatureOf({ id, http, backendTls, timeouts, tcpKeepAliveMs, acceptAnyServerCertificate }: Route): string {
  const { connectMs } = timeouts;
  return JSON.stringify([id, http, backendTls, connectMs, tcpKeepAliveMs, acceptAnyServerCertificate]);
}
