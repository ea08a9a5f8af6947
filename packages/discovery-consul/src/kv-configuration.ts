import { type JsonObject, type Logger, systemClock } from '@ocelot/core';

import { BlockingLoop } from './blocking-loop.js';
import { ConsulClient, type ConsulTls } from './consul-client.js';
import { consulAddress, readConsulSettings } from './options.js';

/** How the configuration is read from Consul's key-value store. */
export interface ConsulConfigurationOptions {
  /** Written under the key when it does not exist yet, as Ocelot does; undefined: nothing is written. */
  readonly writeIfMissing?: string;
  /** Ends the question. @default never; each question is bounded by ten seconds anyway */
  readonly signal?: AbortSignal;
  readonly tls?: ConsulTls;
}

/** What a watch of the configuration tells, and to whom. */
export interface ConfigurationWatchOptions {
  /** The text in force: the first answer counts as a change only if it differs. */
  readonly known?: string | undefined;
  /** The key holds another text now. */
  onChange(text: string): void;
  /** Consul could not be asked. The watch goes on; called with every failed attempt. */
  onFailure(error: Error): void;
  /** Told once each time the key is deleted: what is in force stays. */
  readonly log: Logger;
  readonly tls?: ConsulTls;
}

/** A running watch. */
export interface ConfigurationWatch {
  /** Ends it: no call after it returns, its connection is closed. Idempotent. */
  close(): void;
}

/**
 * Reads the configuration kept in Consul under `ConfigurationKey` (`InternalConfiguration` unless given).
 * Ocelot: ConsulFileConfigurationRepository.cs and AddConfigStoredInConsul.
 * @param provider The section `GlobalConfiguration.ServiceDiscoveryProvider` as written.
 * @returns The text under the key: what was there, else `writeIfMissing` once it is written; undefined when the key
 *   does not exist and nothing is to be written.
 * @throws Error naming the address and the key when Consul cannot be asked, or the option that cannot be used.
 */
export async function readConfigurationFromConsul(
  provider: JsonObject,
  options: ConsulConfigurationOptions = {},
): Promise<string | undefined> {
  const settings = readConsulSettings(provider);
  const client = new ConsulClient(settings, systemClock, options.tls);
  const signal = options.signal ?? new AbortController().signal;
  const key = settings.configurationKey;
  try {
    const found = await client.key(key, { index: 0, signal });
    if (found.value !== undefined || options.writeIfMissing === undefined) return found.value;
    if (await client.createKey(key, options.writeIfMissing, signal)) return options.writeIfMissing;
    // Another gateway wrote it in between: its text is the one in force.
    return (await client.key(key, { index: 0, signal })).value;
  } finally {
    client.close();
  }
}

/**
 * Watches the configuration kept in Consul under `ConfigurationKey`, with a blocking query: a change is told as soon
 * as Consul knows it. Survives outages; what was told last stays in force meanwhile.
 * @param provider The section `GlobalConfiguration.ServiceDiscoveryProvider` as written.
 * @throws Error naming the option when one cannot be used.
 */
export function watchConfiguration(provider: JsonObject, options: ConfigurationWatchOptions): ConfigurationWatch {
  const settings = readConsulSettings(provider);
  const client = new ConsulClient(settings, systemClock, options.tls);
  const key = settings.configurationKey;
  let known = options.known;
  let isDeleted = false;
  const loop = new BlockingLoop<string | undefined>({
    clock: systemClock,
    random: Math.random,
    ask: (question) => client.key(key, question),
    accept: (text) => {
      if (text === undefined && !isDeleted) {
        options.log.warn({ consul: consulAddress(settings), key }, 'the key is gone: the configuration in force stays');
      }
      isDeleted = text === undefined;
      if (text === undefined || text === known) return undefined;
      known = text;
      options.onChange(text);
      return undefined;
    },
    failed: (error) => options.onFailure(error),
  });
  loop.start();
  return {
    close: () => {
      loop.stop();
      client.close();
    },
  };
}
