import type {
  DiscoveryContext,
  EndpointObserver,
  JsonObject,
  ServiceDiscoveryProvider,
  ServiceRef,
  Subscription,
} from '@ocelot/core';

import { ConsulClient, type ConsulTls } from './consul-client.js';
import { ConsulWatch } from './consul-watch.js';
import { type ConsulSettings, readConsulSettings } from './options.js';

/**
 * Watches services in Consul with blocking queries: a change is known as soon as Consul knows it, and an idle service
 * costs one open connection. The last known set stays in force while Consul is away.
 */
export class ConsulProvider implements ServiceDiscoveryProvider {
  readonly #settings: ConsulSettings;
  readonly #context: DiscoveryContext;
  readonly #client: ConsulClient;
  readonly #watches = new Set<ConsulWatch>();

  /** @throws Error naming the key when `options` cannot be used. */
  constructor(options: JsonObject, context: DiscoveryContext, tls?: ConsulTls) {
    this.#settings = readConsulSettings(options);
    this.#context = context;
    this.#client = new ConsulClient(this.#settings, context.clock, tls);
  }

  subscribe(service: ServiceRef, observer: EndpointObserver): Subscription {
    const { clock, log, random } = this.#context;
    const context = { clock, log, random, client: this.#client, settings: this.#settings };
    const watch = new ConsulWatch(service, observer, context, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    watch.start();
    return watch;
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.unsubscribe();
    this.#client.close();
  }
}
