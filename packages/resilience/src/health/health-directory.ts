import type { SecureContextOptions } from 'node:tls';

import { type Clock, type Endpoint, type Logger, type Route, usesTls } from '@ocelot/core';
import { BackendTlsStore, endpointName } from '@ocelot/relay-kit';

import { CheckSlots } from './check-slots.js';
import { HealthCheck } from './health-check.js';
import type { HealthCheckOptions, HealthCheckType } from './health-check-options.js';
import { httpCheck } from './http-check.js';
import { type Check, tcpCheck } from './tcp-check.js';
import { websocketCheck } from './websocket-check.js';

/** Checks that run at once, in one gateway. */
const MOST_AT_ONCE = 32;

const CHECKS: Readonly<Record<HealthCheckType, Check>> = { tcp: tcpCheck, http: httpCheck, websocket: websocketCheck };

/** Told when the endpoint becomes unhealthy or well again. */
export type HealthListener = (isHealthy: boolean, reason: string) => void;

/** A check in use by one route. */
export interface HealthHold {
  readonly isHealthy: boolean;
  /** Why the last check failed; undefined when it did not. */
  readonly lastFailure: string | undefined;
  /** The route needs it no more: the last one ends the check. Idempotent. */
  release(): void;
}

interface Entry {
  readonly check: HealthCheck;
  readonly listeners: Set<HealthListener>;
}

/** What all checks of a gateway are made with. */
export interface HealthDirectoryContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** For TLS to backends of routes that name no files; undefined: Node's own. */
  readonly backendTls: SecureContextOptions | undefined;
}

/**
 * The running health checks of one gateway. An endpoint is asked once however many routes ask the same of it, over the
 * same kind of connection.
 */
export class HealthDirectory {
  readonly #context: HealthDirectoryContext;
  readonly #slots = new CheckSlots(MOST_AT_ONCE);
  readonly #entries = new Map<string, Entry>();
  #backendTls: BackendTlsStore | undefined;

  constructor(context: HealthDirectoryContext) {
    this.#context = context;
  }

  /** How many checks run. */
  get size(): number {
    return this.#entries.size;
  }

  /** Begins to check an endpoint, or joins the check that others began. */
  hold(route: Route, endpoint: Endpoint, options: HealthCheckOptions, changed: HealthListener): HealthHold {
    const key = keyOf(route, endpoint, options);
    const entry = this.#entries.get(key) ?? this.#open(key, route, endpoint, options);
    // One that was handed in twice is two listeners.
    const listener: HealthListener = (isHealthy, reason) => changed(isHealthy, reason);
    entry.listeners.add(listener);
    return {
      get isHealthy() {
        return entry.check.isHealthy;
      },
      get lastFailure() {
        return entry.check.lastFailure;
      },
      release: () => {
        if (!entry.listeners.delete(listener) || entry.listeners.size > 0) return;
        entry.check.close();
        this.#entries.delete(key);
      },
    };
  }

  /** Ends every check. */
  close(): void {
    for (const { check } of this.#entries.values()) check.close();
    this.#entries.clear();
  }

  #open(key: string, route: Route, endpoint: Endpoint, options: HealthCheckOptions): Entry {
    const { clock, random, log } = this.#context;
    const listeners = new Set<HealthListener>();
    const tls = isTls(route, endpoint);
    const check = new HealthCheck(options, {
      clock,
      random,
      slots: this.#slots,
      log: log.child({ endpoint: endpointName(endpoint), check: options.type }),
      ask: async (signal) =>
        CHECKS[options.type]({ endpoint, tls: tls ? this.#tlsStore().of(route) : undefined }, options, signal),
      changed: (isHealthy, reason) => {
        for (const listener of listeners) listener(isHealthy, reason);
      },
    });
    const entry = { check, listeners };
    this.#entries.set(key, entry);
    return entry;
  }

  #tlsStore(): BackendTlsStore {
    const { backendTls, clock, log } = this.#context;
    this.#backendTls ??= new BackendTlsStore(backendTls, clock, log);
    return this.#backendTls;
  }
}

/** Where neither route nor endpoint names a scheme, clients decide; a check comes as one without TLS. */
function isTls(route: Route, endpoint: Endpoint): boolean {
  return usesTls(route, endpoint, { client: { address: '', port: 0, tls: false } });
}

function keyOf(route: Route, endpoint: Endpoint, options: HealthCheckOptions): string {
  const tls = isTls(route, endpoint) ? [route.backendTls, route.acceptAnyServerCertificate] : [];
  return JSON.stringify([endpoint.host, endpoint.port, options, ...tls]);
}
