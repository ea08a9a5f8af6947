import type { Lease } from '../contracts/endpoint.js';
import type { BoundTap } from '../contracts/frames.js';
import type { Admission, ExchangeEnd, Slot } from '../contracts/exchange.js';
import type { Logger } from '../contracts/logger.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { Params, Route } from '../contracts/route.js';
import type { GatewayError } from '../errors/gateway-error.js';
import type { FreezableOutgoingHead } from './outgoing-head.js';

/** Takes the next lease of an exchange; `tried` are the endpoints that failed already. */
export type LeaseSource = (tried: readonly Lease['endpoint'][]) => Lease | undefined;

/** What an exchange is made of. */
export interface ExchangeInit<R extends GatewayRequest> {
  readonly id: string;
  readonly request: R;
  readonly route: Route;
  readonly params: Params;
  readonly taps: readonly BoundTap[];
  readonly clientAddress: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called once, at the first use of `outgoing`. */
  readonly makeOutgoing: () => FreezableOutgoingHead;
  readonly leaseFrom: LeaseSource;
}

/**
 * One request from its match to its end. Stages see it as Exchange, relays as Admission; owned by whoever called
 * `Gateway.admit`, who must call `finish`.
 */
export class LiveExchange<R extends GatewayRequest> implements Admission<R> {
  readonly id: string;
  readonly request: R;
  readonly route: Route;
  readonly params: Params;
  readonly taps: readonly BoundTap[];
  readonly clientAddress: string;
  readonly signal: AbortSignal;
  readonly #init: ExchangeInit<R>;
  #log: Logger | undefined;
  #outgoing: FreezableOutgoingHead | undefined;
  #slots: Map<Slot<unknown>, unknown> | undefined;
  #deferred: ((end: ExchangeEnd) => void)[] = [];
  #lease: Lease | undefined;
  #tried: Lease['endpoint'][] = [];
  #isFinished = false;

  constructor(init: ExchangeInit<R>) {
    this.id = init.id;
    this.request = init.request;
    this.route = init.route;
    this.params = init.params;
    this.taps = init.taps;
    this.clientAddress = init.clientAddress;
    this.signal = init.signal;
    this.#init = init;
  }

  /** Made at first use: most requests never log before their end. */
  get log(): Logger {
    this.#log ??= this.#init.log.child({ exchange: this.id, route: this.route.id });
    return this.#log;
  }

  get outgoing(): FreezableOutgoingHead {
    this.#outgoing ??= this.#init.makeOutgoing();
    return this.#outgoing;
  }

  get lease(): Lease {
    if (this.#lease === undefined) throw new Error('an exchange has a lease only after it was admitted');
    return this.#lease;
  }

  get<T>(slot: Slot<T>): T | undefined {
    return this.#slots?.get(slot) as T | undefined;
  }

  set<T>(slot: Slot<T>, value: T): void {
    this.#slots ??= new Map();
    this.#slots.set(slot, value);
  }

  defer(callback: (end: ExchangeEnd) => void): void {
    this.#deferred.push(callback);
  }

  /** Ends the transform phase. */
  freezeOutgoing(): void {
    this.outgoing.freeze();
  }

  /** Takes the first lease. @returns undefined when the route has no endpoint. */
  takeLease(): Lease | undefined {
    this.#lease = this.#init.leaseFrom(this.#tried);
    return this.#lease;
  }

  nextLease(cause: GatewayError): Lease | undefined {
    const failed = this.#lease;
    if (failed === undefined || this.#isFinished) return undefined;
    this.#tried.push(failed.endpoint);
    if (this.#tried.length > this.route.retryAttempts) return undefined;
    const next = this.#init.leaseFrom(this.#tried);
    if (next === undefined) return undefined;
    failed.release();
    this.#lease = next;
    const { host, port } = failed.endpoint;
    this.log.warn(
      {
        endpoint: `${host}:${port}`,
        code: cause.code,
        cause: cause.cause instanceof Error ? cause.cause.message : cause.message,
      },
      'trying another endpoint',
    );
    return next;
  }

  finish(end: ExchangeEnd): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    for (const callback of this.#deferred.toReversed()) {
      try {
        callback(end);
      } catch (error) {
        this.log.error({ err: error }, 'a deferred callback failed');
      }
    }
    this.#deferred = [];
    this.#lease?.release();
  }
}
