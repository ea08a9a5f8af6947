import { ConfigError, type ConfigIssue, type GatewayConfig, type JsonObject, type PluginHost } from '@ocelot/core';

import type { Provider, ProviderContext, ProviderFactory } from './providers/provider.js';
import { globalSection, objectOf } from './route-settings.js';

/** A provider and the configurations that use it. */
interface Held {
  readonly provider: Provider;
  users: number;
}

/** What one configuration holds: keys of providers by name. */
interface Prepared {
  readonly keys: Map<string, string>;
  /** How often it was prepared: one object may be put in force twice. */
  users: number;
}

/** Makes a provider of its options, whatever its type. */
export type ProviderMaker = ProviderFactory;

const PROVIDERS = 'ocelot.json#/GlobalConfiguration/Gateway/Authentication/Providers';

/**
 * The providers of all configurations that a gateway knows of. One whose options are the same in two configurations is
 * one provider: a reload forgets no keys of an issuer and no answer of an introspection. Owns them, and closes each when
 * the last configuration with it is gone.
 */
export class ProviderDirectory {
  readonly #make: ProviderMaker;
  readonly #host: PluginHost;
  readonly #wallNowMs: () => number;
  readonly #held = new Map<string, Held>();
  readonly #byConfig = new Map<GatewayConfig, Prepared>();
  #current: GatewayConfig | undefined;

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
    this.#byConfig.set(config, { keys, users: 1 });
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
    for (const key of prepared.keys.values()) this.#letGo(key);
  }

  /** Closes all. */
  close(): void {
    this.#byConfig.clear();
    for (const { provider } of this.#held.values()) provider.close?.();
    this.#held.clear();
  }

  #letGo(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.users -= 1;
    if (held.users > 0) return;
    this.#held.delete(key);
    held.provider.close?.();
  }

  async #hold(name: string, options: JsonObject, config: GatewayConfig): Promise<string> {
    const { trustedProxies } = config.settings;
    const key = JSON.stringify([name, options, trustedProxies]);
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.users += 1;
      return key;
    }
    const context: ProviderContext = {
      clock: this.#host.clock,
      wallNowMs: this.#wallNowMs,
      log: this.#host.log.child({ provider: name }),
      record: (event) => this.#host.record(event),
      location: `${PROVIDERS}/${name}`,
      trustedProxies,
    };
    const provider = await this.#make(name, options, context);
    this.#held.set(key, { provider, users: 1 });
    return key;
  }
}
