import type { EndpointObserver, ServiceDiscoveryProvider, Subscription } from '../contracts/discovery.js';
import type { Endpoint } from '../contracts/endpoint.js';
import type { Logger } from '../contracts/logger.js';
import type { ServiceRef } from '../contracts/route.js';
import type { GatewayEvent } from '../contracts/telemetry.js';
import { createEndpoint } from './create-endpoint.js';
import { sameEndpoints } from './endpoint-pool.js';

/** What a service watch reports to. */
export interface ServiceWatchContext {
  readonly log: Logger;
  record(event: GatewayEvent): void;
}

/** Receives the whole set, now if one is known and whenever it changes. */
export type EndpointListener = (endpoints: readonly Endpoint[]) => void;

/**
 * One subscription to one service, shared by every pool that draws on it: however many routes name a service, its
 * registry is asked once. Keeps the last known set while the registry is away.
 */
export class ServiceWatch {
  readonly service: ServiceRef;
  readonly #context: ServiceWatchContext;
  readonly #listeners = new Set<EndpointListener>();
  readonly #settled: Promise<void>;
  #settle: () => void = () => undefined;
  #endpoints: readonly Endpoint[] | undefined;
  /** Set while the registry cannot be asked, so that an outage is one warning and not one per attempt. */
  #failure: Error | undefined;
  #subscription: Subscription | undefined;

  constructor(provider: ServiceDiscoveryProvider, service: ServiceRef, context: ServiceWatchContext) {
    this.service = service;
    this.#context = context;
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const observer: EndpointObserver = {
      next: (endpoints) => this.#next(endpoints),
      failed: (error) => this.#failed(error),
    };
    this.#subscription = provider.subscribe(service, observer);
  }

  /** Whether a set has ever been delivered. */
  get isKnown(): boolean {
    return this.#endpoints !== undefined;
  }

  /** Why the registry cannot be asked now; undefined while it can. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Fulfilled by the first set or the first failure, whichever comes first; never rejected. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Whether nobody listens any more. */
  get isUnused(): boolean {
    return this.#listeners.size === 0;
  }

  listen(listener: EndpointListener): void {
    this.#listeners.add(listener);
    if (this.#endpoints !== undefined) listener(this.#endpoints);
  }

  unlisten(listener: EndpointListener): void {
    this.#listeners.delete(listener);
  }

  /** Ends the subscription. Idempotent. */
  close(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#listeners.clear();
    this.#settle();
  }

  #next(told: readonly Endpoint[]): void {
    const endpoints = this.#usable(told);
    if (this.#failure !== undefined) {
      this.#failure = undefined;
      this.#context.log.info({ service: this.service.name, endpoints: endpoints.length }, 'discovery recovered');
    }
    if (this.#endpoints === undefined || !sameEndpoints(this.#endpoints, endpoints)) {
      this.#endpoints = endpoints;
      this.#context.log.info(
        {
          service: this.service.name,
          endpoints: endpoints.map((endpoint) => `${endpoint.host}:${endpoint.port}`),
        },
        'endpoints changed',
      );
      for (const listener of this.#listeners) listener(endpoints);
      this.#context.record({ type: 'endpoints.changed', service: this.service, endpoints });
    }
    this.#settle();
  }

  /** Leaves out what could not stand in a URL or a header: a registry is not believed blindly. */
  #usable(told: readonly Endpoint[]): readonly Endpoint[] {
    const usable: Endpoint[] = [];
    for (const endpoint of told) {
      try {
        usable.push(createEndpoint(endpoint));
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        this.#context.log.warn({ service: this.service.name, cause }, 'an endpoint that cannot be used is left out');
      }
    }
    return usable;
  }

  #failed(error: Error): void {
    const isNews = this.#failure === undefined;
    this.#failure = error;
    const fields = { service: this.service.name, kept: this.#endpoints?.length ?? 0, cause: error.message };
    if (isNews) {
      this.#context.log.warn(fields, 'discovery failed: the last known endpoints stay in force');
      this.#context.record({ type: 'discovery.failed', service: this.service, error });
    } else this.#context.log.debug(fields, 'discovery still fails');
    this.#settle();
  }
}
