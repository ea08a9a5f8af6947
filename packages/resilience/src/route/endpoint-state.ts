import type { Endpoint, EndpointState as Health, Timer } from '@ocelot/core';

import type { CircuitBreaker } from '../breaker/circuit-breaker.js';
import type { Outlier } from '../ejection/outlier.js';
import type { HealthHold } from '../health/health-directory.js';

/** What an endpoint starts with when it is new or well again: a tenth of its share. */
const FIRST_SHARE = 0.1;

/** What one route knows of one endpoint. Owned by the route's state, which changes and closes it. */
export class EndpointState {
  endpoint: Endpoint;
  breaker: CircuitBreaker | undefined;
  outlier: Outlier | undefined;
  health: HealthHold | undefined;
  /** What was told last. */
  published: Health = 'healthy';
  /** When it left all sets of the route; undefined while it is in one. */
  goneMs: number | undefined;
  #warmSinceMs: number | undefined;
  #warming: Timer | undefined;
  #isClosed = false;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  /** Nobody looks at it any more: what is still running says nothing. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** As far as checks and the ends of its calls say. */
  get isWell(): boolean {
    return this.isUp && this.outlier?.isEjected !== true;
  }

  /** As far as checks say. */
  get isUp(): boolean {
    return this.health?.isHealthy !== false;
  }

  get isWarming(): boolean {
    return this.#warmSinceMs !== undefined;
  }

  /** The first that holds: ejected, unhealthy, warming, healthy. */
  get state(): Health {
    if (this.outlier?.isEjected === true) return 'ejected';
    if (!this.isUp) return 'unhealthy';
    return this.isWarming ? 'warming' : 'healthy';
  }

  /** Whether keeping it while it is away is worth anything. */
  get isPlain(): boolean {
    return this.outlier?.isEjected !== true && (this.breaker === undefined || this.breaker.state === 'closed');
  }

  /** Its share of what it would get, 0.1 to 1. */
  share(nowMs: number, slowStartMs: number): number {
    if (this.#warmSinceMs === undefined) return 1;
    return Math.max(FIRST_SHARE, (nowMs - this.#warmSinceMs) / slowStartMs);
  }

  /** Begins to warm; `timer` ends it. */
  warm(nowMs: number, timer: Timer): void {
    this.cool();
    this.#warmSinceMs = nowMs;
    this.#warming = timer;
  }

  /** Ends the warming. Idempotent. */
  cool(): void {
    this.#warming?.clear();
    this.#warming = undefined;
    this.#warmSinceMs = undefined;
  }

  /** Frees timers and the check. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.cool();
    this.breaker?.close();
    this.outlier?.close();
    this.health?.release();
    this.health = undefined;
  }
}

/** The identity of a backend: two endpoints with this text in common are the same. */
export function endpointKey({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return `${host}:${port}`;
}
