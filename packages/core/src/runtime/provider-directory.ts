import type { Clock } from '../contracts/clock.js';
import type { ServiceDiscoveryProvider } from '../contracts/discovery.js';
import type { ServiceRef } from '../contracts/route.js';
import type { DiscoverySettings } from '../config/gateway-config.js';
import { pluginMissing } from './plugin-missing.js';
import type { PluginRegistry } from './registry.js';
import { ServiceWatch, type ServiceWatchContext } from './service-watch.js';

/** Longest wait for a provider to close its connections. */
const CLOSE_LIMIT_MS = 5000;

interface ProviderEntry {
  readonly provider: ServiceDiscoveryProvider;
  readonly watches: Map<string, ServiceWatch>;
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

  /** Ends the watches that nobody listens to, and the providers that have none left. */
  sweep(): void {
    for (const [key, entry] of this.#entries) {
      for (const [service, watch] of entry.watches) {
        if (!watch.isUnused) continue;
        watch.close();
        entry.watches.delete(service);
      }
      if (entry.watches.size > 0) continue;
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
    const { clock, log, random } = this.#context;
    const provider = create(settings.options, { clock, log: log.child({ discovery: settings.type }), random });
    const entry = { provider, watches: new Map<string, ServiceWatch>() };
    this.#entries.set(key, entry);
    return entry;
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
