import type { Clock } from '../contracts/clock.js';
import type { ServiceDiscoveryProvider, ServiceDiscoveryProviderFactory } from '../contracts/discovery.js';
import type { ServiceRef } from '../contracts/route.js';
import type { DiscoverySettings } from '../config/gateway-config.js';
import { ConfigError } from '../errors/config-error.js';
import { pluginMissing } from './plugin-missing.js';
import type { PluginRegistry } from './registry.js';
import { ServiceWatch, type ServiceWatchContext } from './service-watch.js';

/** Longest wait for a provider to close its connections. */
const CLOSE_LIMIT_MS = 5000;

interface ProviderEntry {
  readonly provider: ServiceDiscoveryProvider;
  readonly watches: Map<string, ServiceWatch>;
  /** How many want it to stay though nothing is watched: dynamic routing. */
  holds: number;
}

/** What providers of this gateway are given. */
export interface ProviderDirectoryContext extends ServiceWatchContext {
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * The discovery providers of one gateway, one for each distinct `ServiceDiscoveryProvider` section in use, and their
 * watches, one for each service. Both live across reloads that do not change them, and end when nothing uses them.
 */
export class ProviderDirectory {
  readonly #registry: PluginRegistry;
  readonly #context: ProviderDirectoryContext;
  readonly #entries = new Map<string, ProviderEntry>();
  readonly #closing = new Set<Promise<void>>();

  constructor(registry: PluginRegistry, context: ProviderDirectoryContext) {
    this.#registry = registry;
    this.#context = context;
  }

  /**
   * The watch of a service; started when it does not run yet. Whoever listens to it must hand it back to `release`.
   * @throws ConfigError when the type is not registered or refuses its options.
   */
  watch(settings: DiscoverySettings, service: ServiceRef): ServiceWatch {
    const entry = this.#entry(settings);
    const key = JSON.stringify([service.namespace, service.name]);
    const running = entry.watches.get(key);
    if (running !== undefined) return running;
    const watch = new ServiceWatch(entry.provider, service, this.#context);
    entry.watches.set(key, watch);
    return watch;
  }

  /**
   * Makes the provider of a section, if there is none yet, and keeps it until the function returned is called.
   * @throws ConfigError as `watch`.
   */
  hold(settings: DiscoverySettings): () => void {
    const entry = this.#entry(settings);
    entry.holds += 1;
    let isHeld = true;
    return () => {
      if (isHeld) entry.holds -= 1;
      isHeld = false;
    };
  }

  /** Ends the watches that nobody listens to, and the providers that have none left. */
  sweep(): void {
    for (const [key, entry] of this.#entries) {
      for (const [service, watch] of entry.watches) {
        if (!watch.isUnused) continue;
        watch.close();
        entry.watches.delete(service);
      }
      if (entry.watches.size > 0 || entry.holds > 0) continue;
      this.#entries.delete(key);
      const closing = this.#close(entry.provider);
      this.#closing.add(closing);
      void closing.then(() => this.#closing.delete(closing));
    }
  }

  /** Fulfilled when every provider that `sweep` ended has closed, or had its time to. */
  async closed(): Promise<void> {
    await Promise.all(this.#closing);
  }

  #entry(settings: DiscoverySettings): ProviderEntry {
    const key = JSON.stringify([settings.type.toLowerCase(), settings.options]);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const create = this.#registry.discovery.get(settings.type);
    if (create === undefined) {
      throw pluginMissing('discovery', settings.type, settings.location, this.#registry.discovery.names);
    }
    const entry = { provider: this.#create(create, settings), watches: new Map<string, ServiceWatch>(), holds: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #create(
    create: ServiceDiscoveryProviderFactory,
    { type, options, location }: DiscoverySettings,
  ): ServiceDiscoveryProvider {
    const { clock, log, random } = this.#context;
    try {
      return create(options, { clock, log: log.child({ discovery: type }), random });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `the discovery provider "${type}" refuses its options: ${why}`;
      throw new ConfigError([{ severity: 'error', kind: 'DiscoveryOptions', source: location, message }]);
    }
  }

  #close(provider: ServiceDiscoveryProvider): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#context.clock.setTimer(CLOSE_LIMIT_MS, () => {
        this.#context.log.warn({ limitMs: CLOSE_LIMIT_MS }, 'a discovery provider did not close in time');
        resolve();
      });
      provider
        .close()
        .catch((error: unknown) => this.#context.log.warn({ err: error }, 'a discovery provider failed to close'))
        .finally(() => {
          late.clear();
          resolve();
        });
    });
  }
}
