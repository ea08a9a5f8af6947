import {
  type ConfigDocument,
  ConfigError,
  type GatewayConfig,
  type JsonObject,
  type Logger,
  type Plugin,
  nodeValue,
  parseConfigText,
  readConfiguration,
} from '@ocelot/core';
import { readConfigurationFromConsul, watchConfiguration } from '@ocelot/discovery-consul';

import { checkTlsFiles } from './check-tls-files.js';
import { CommandError } from './command-error.js';
import { readConfigFiles } from './config-files.js';
import { placedError } from './config-place.js';
import { checkAdmin } from './control/check-admin.js';
import { EXIT_CODES } from './exit-codes.js';
import { supportedKeys } from './supported-keys.js';
import type { Terminal } from './terminal.js';
import { watchFiles } from './watch-files.js';

/** Where a running gateway gets its configuration from, now and at each reload. */
export interface ConfigurationSource {
  /** What was read last, in the order of laying over. */
  readonly names: readonly string[];
  /**
   * Reads and checks the configuration anew.
   * @throws ConfigError; CommandError when a file is missing (2) or Consul does not give the configuration (1).
   */
  load(): Promise<GatewayConfig>;
  /** What a plugin found wrong with what was read last, with file, line and column; any other error as it is. */
  placed(error: unknown): unknown;
  /** Calls `changed` with the cause when the configuration changes in Consul; `files`: on disk as well. After `load`. */
  watch(options: { readonly files: boolean; readonly changed: (cause: string) => void }): Promise<ConfigurationWatch>;
}

/** A running watch. */
export interface ConfigurationWatch {
  close(): Promise<void>;
}

/** A failure to ask Consul is a warning again after this time; those between are for debugging. */
const WARN_AGAIN_MS = 60_000;

/**
 * Opens the configuration that the command line names. When it says `ServiceDiscoveryProvider.ConfigurationKey`, the
 * configuration under that key of Consul takes its place; if the key does not exist, the files' is written there
 * (Ocelot: AddConfigStoredInConsul).
 * @param plugins those the configuration is meant for.
 */
export function openConfiguration(
  paths: readonly string[],
  plugins: readonly Plugin[],
  terminal: Terminal,
  log: Logger,
): ConfigurationSource {
  const options = { supportedKeys: supportedKeys(plugins) };
  let names: readonly string[] = [];
  let watched: readonly string[] = [];
  let stored: StoredConfiguration | undefined;
  let latest: ConfigDocument | undefined;
  return {
    get names() {
      return names;
    },
    async load() {
      const files = await readConfigFiles(paths, terminal);
      const config = readConfiguration(files.document, options);
      stored = await readStored(config, files.document);
      ({ watched } = files);
      names = stored === undefined ? files.names : [...files.names, stored.name];
      latest = files.document;
      if (stored === undefined) return checked(config, latest, terminal);
      const document = parseConfigText(stored.text, stored.name);
      latest = document;
      return checked(readConfiguration(document, options), document, terminal);
    },
    placed: (error) => placedError(error, latest),
    async watch({ files, changed }) {
      const stopFiles = files ? await watchFiles(watched, changed, log) : undefined;
      const consul = stored === undefined ? undefined : watchStored(stored, changed, log);
      return {
        async close() {
          consul?.close();
          await stopFiles?.();
        },
      };
    },
  };
}

/** @throws ConfigError when a file or a secret that the configuration names cannot be used. */
async function checked(config: GatewayConfig, document: ConfigDocument, terminal: Terminal): Promise<GatewayConfig> {
  const issues = [...(await checkTlsFiles(config, document)), ...(await checkAdmin(config, document, terminal))];
  if (issues.length > 0) throw new ConfigError(issues);
  return config;
}

/** The configuration kept in Consul. */
interface StoredConfiguration {
  /** The section of the files that says where it is. */
  readonly provider: JsonObject;
  /** For messages: `consul:KEY`. */
  readonly name: string;
  readonly text: string;
}

async function readStored(config: GatewayConfig, files: ConfigDocument): Promise<StoredConfiguration | undefined> {
  const { type = '', options: provider = {} } = config.discovery ?? {};
  const key = provider['ConfigurationKey'];
  if (typeof key !== 'string' || key === '' || !/^(?:poll)?consul$/i.test(type)) return undefined;
  try {
    const writeIfMissing = JSON.stringify(nodeValue(files.root), undefined, 2);
    const text = (await readConfigurationFromConsul(provider, { writeIfMissing })) ?? writeIfMissing;
    return { provider, name: `consul:${key}`, text };
  } catch (error) {
    throw new CommandError(
      `The configuration cannot be read from Consul: ${error instanceof Error ? error.message : String(error)}`,
      'Check ServiceDiscoveryProvider (Host, Port, Token), or remove ConfigurationKey to use the file alone.',
      EXIT_CODES.failure,
      error,
    );
  }
}

function watchStored(stored: StoredConfiguration, changed: (cause: string) => void, log: Logger): { close(): void } {
  let warnedAt = -Infinity;
  return watchConfiguration(stored.provider, {
    known: stored.text,
    onChange: () => changed(`${stored.name} changed`),
    onFailure(error) {
      const isNews = performance.now() - warnedAt > WARN_AGAIN_MS;
      if (isNews) warnedAt = performance.now();
      log[isNews ? 'warn' : 'debug']({ err: error }, 'the configuration in Consul cannot be watched: trying again');
    },
    log,
  });
}
