import {
  ConfigError,
  type ConfigIssue,
  type GatewayConfig,
  type JsonObject,
  type PluginHost,
  type Timer,
} from '@ocelot/core';

import type { Provider, ProviderContext, ProviderFactory } from './providers/provider.js';
import { globalSection, objectOf } from './route-settings.js';

/** A provider and the configurations that use it. */
interface Held {
  /** Undefined while it is made. */
  provider: Provider | undefined;
  readonly made: Promise<Provider>;
  users: number;
  /** Set while nobody uses it any more, but requests of before may. */
  farewell: Timer | undefined;
}

/** What one configuration holds: keys of providers by name. */
interface Prepared {
  readonly keys: Map<string, string>;
  /** How often it was prepared: one object may be put in force twice. */
  users: number;
  /** Requests may have begun under it. */
  wasApplied: boolean;
}

/** Makes a provider of its options, whatever its type. */
export type ProviderMaker = ProviderFactory;

/** How long a provider that no configuration names any more serves requests that began before: longer than one check. */
const FAREWELL_MS = 60_000;

const PROVIDERS = 'ocelot.json#/GlobalConfiguration/Gateway/Authentication/Providers';

/**
 * The providers of all configurations that a gateway knows of. One whose options are the same in two configurations is
 * one provider: a reload forgets no keys of an issuer and no answer of an introspection. Owns them, and closes each a
 * while after the last configuration with it is gone: a check that is under way is not cut off.
 */
export class ProviderDirectory {
  readonly #make: ProviderMaker;
  readonly #host: PluginHost;
  readonly #wallNowMs: () => number;
  readonly #held = new Map<string, Held>();
  readonly #byConfig = new Map<GatewayConfig, Prepared>();
  #current: GatewayConfig | undefined;
  #isClosed = false;

  constructor(make: ProviderMaker, host: PluginHost, wallNowMs: () => number) {
    this.#make = make;
    this.#host = host;
    this.#wallNowMs = wallNowMs;
  }

  /**
   * Makes every provider that a configuration names.
   * @throws ConfigError with the issues of all of them; nothing is held then.
   */
  async prepare(config: GatewayConfig): Promise<void> {
    const sections = Object.entries(objectOf(globalSection(config)['Providers']));
    if (sections.length === 0) return;
    const prepared = this.#byConfig.get(config);
    if (prepared !== undefined) {
      prepared.users += 1;
      return;
    }
    const keys = new Map<string, string>();
    const issues: ConfigIssue[] = [];
    this.#byConfig.set(config, { keys, users: 1, wasApplied: false });
    for (const [name, options] of sections) {
      try {
        keys.set(name, await this.#hold(name, objectOf(options), config));
      } catch (error) {
        if (!(error instanceof ConfigError)) {
          this.release(config);
          throw error;
        }
        issues.push(...error.issues);
      }
    }
    if (issues.length === 0) return;
    this.release(config);
    throw new ConfigError(issues);
  }

  /** The provider of a name in a configuration. */
  get(config: GatewayConfig, name: string): Provider | undefined {
    const key = this.#byConfig.get(config)?.keys.get(name);
    return key === undefined ? undefined : this.#held.get(key)?.provider;
  }

  /** Names of the providers of a configuration, in the order of the file. */
  names(config: GatewayConfig): readonly string[] {
    return [...(this.#byConfig.get(config)?.keys.keys() ?? [])];
  }

  /** From now on `config` is in force. */
  apply(config: GatewayConfig): void {
    this.#current = config;
    const prepared = this.#byConfig.get(config);
    if (prepared !== undefined) prepared.wasApplied = true;
  }

  /** The provider of a name in the configuration in force. */
  current(name: string): Provider | undefined {
    return this.#current === undefined ? undefined : this.get(this.#current, name);
  }

  /** Gives back what preparing a configuration took. Nothing happens for one that holds nothing. */
  release(config: GatewayConfig): void {
    const prepared = this.#byConfig.get(config);
    if (prepared === undefined) return;
    prepared.users -= 1;
    if (prepared.users > 0) return;
    this.#byConfig.delete(config);
    for (const key of prepared.keys.values()) this.#letGo(key, prepared.wasApplied ? FAREWELL_MS : 0);
  }

  /** Closes all, and what is still being made once it is. */
  close(): void {
    this.#isClosed = true;
    this.#byConfig.clear();
    for (const { provider, farewell } of this.#held.values()) {
      farewell?.clear();
      provider?.close?.();
    }
    this.#held.clear();
  }

  #letGo(key: string, afterMs: number): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.users -= 1;
    if (held.users > 0) return;
    const close = (): void => {
      this.#held.delete(key);
      held.provider?.close?.();
    };
    if (afterMs > 0) held.farewell = this.#host.clock.setTimer(afterMs, close);
    else close();
  }

  /** @returns the key that the provider is held under. */
  async #hold(name: string, options: JsonObject, config: GatewayConfig): Promise<string> {
    const { trustedProxies } = config.settings;
    const key = JSON.stringify([name, options, trustedProxies]);
    let held = this.#held.get(key);
    if (held === undefined) {
      held = { provider: undefined, made: this.#makeOne(name, options, config), users: 0, farewell: undefined };
      this.#held.set(key, held);
    }
    held.farewell?.clear();
    held.farewell = undefined;
    held.users += 1;
    try {
      const provider = await held.made;
      if (this.#isClosed) {
        provider.close?.();
        throw new Error('The gateway was closed meanwhile.');
      }
      held.provider = provider;
    } catch (error) {
      if (this.#held.get(key) === held) this.#held.delete(key);
      throw error;
    }
    return key;
  }

  async #makeOne(name: string, options: JsonObject, config: GatewayConfig): Promise<Provider> {
    const context: ProviderContext = {
      clock: this.#host.clock,
      wallNowMs: this.#wallNowMs,
      log: this.#host.log.child({ provider: name }),
      record: (event) => this.#host.record(event),
      location: `${PROVIDERS}/${name}`,
      trustedProxies: config.settings.trustedProxies,
      isTrial: this.#host.isTrial === true,
    };
    return this.#make(name, options, context);
  }
}
