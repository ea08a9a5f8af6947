import type { DiscoveryContext, Endpoint, EndpointObserver, ServiceRef, Subscription } from '@ocelot/core';

import { BlockingLoop } from './blocking-loop.js';
import type { ConsulClient } from './consul-client.js';
import { EmptyDoubt } from './empty-doubt.js';
import { type HealthEntry, readHealthEntries } from './health-entry.js';
import type { ConsulSettings } from './options.js';
import { WarnOnce } from './warn-once.js';

/** What a {@link ConsulWatch} works with. */
export interface ConsulWatchContext extends DiscoveryContext {
  readonly client: ConsulClient;
  readonly settings: ConsulSettings;
}

/** One subscription to one service: blocking queries, told as whole sets of endpoints. */
export class ConsulWatch implements Subscription {
  readonly #service: ServiceRef;
  readonly #observer: EndpointObserver;
  readonly #context: ConsulWatchContext;
  readonly #loop: BlockingLoop<readonly HealthEntry[]>;
  readonly #doubt = new EmptyDoubt();
  readonly #warnings: WarnOnce;
  readonly #ended: () => void;
  /** The last set told, as text; undefined when the next one is news whatever it says. */
  #told: string | undefined;

  /** @param ended Called by `unsubscribe`. */
  constructor(service: ServiceRef, observer: EndpointObserver, context: ConsulWatchContext, ended: () => void) {
    this.#service = service;
    this.#observer = observer;
    this.#context = context;
    this.#ended = ended;
    this.#warnings = new WarnOnce(context.log, service);
    const { client, clock, random } = context;
    this.#loop = new BlockingLoop({
      clock,
      random,
      ask: (question) => client.health(service.name, question),
      accept: (entries) => this.#accept(entries),
      failed: (error) => this.#failed(error),
      restarted: () => this.#doubt.outage(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  unsubscribe(): void {
    this.#loop.stop();
    this.#ended();
  }

  #accept(entries: readonly HealthEntry[]): number | undefined {
    const againMs = this.#doubt.weigh(entries.length);
    if (againMs !== undefined) {
      this.#context.log.debug(
        { service: this.#service.name, againMs },
        'Consul lists no instance any more: asking again',
      );
      return againMs;
    }
    const { endpoints, warnings } = readHealthEntries(entries, this.#context.settings);
    this.#warnings.tell(warnings);
    this.#tell(endpoints);
    return undefined;
  }

  #tell(endpoints: readonly Endpoint[]): void {
    const text = JSON.stringify(endpoints);
    if (text === this.#told) return;
    this.#told = text;
    this.#observer.next(endpoints);
  }

  #failed(error: Error): void {
    this.#doubt.outage();
    // The observer learns of the recovery by being told again, even if nothing has changed.
    this.#told = undefined;
    this.#observer.failed(error);
  }
}
