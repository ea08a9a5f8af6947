import type { JsonObject } from '@ocelot/core';

/** Consul's own default for its HTTP interface. */
const DEFAULT_PORT = 8500;
/** Ocelot: ConsulFileConfigurationPollerOption.cs polls every second unless told otherwise. */
const DEFAULT_POLLING_INTERVAL_MS = 1_000;
/** Ocelot: ConsulFileConfigurationRepository.cs. */
const DEFAULT_CONFIGURATION_KEY = 'InternalConfiguration';

/**
 * Where the host of an endpoint is taken from: the instance's own address (the node's when it has none, Consul's own
 * rule), or, as Ocelot does, the name of the node.
 */
export type HostSource = 'service-address' | 'node-name';

/** `GlobalConfiguration.ServiceDiscoveryProvider`, read for Consul. */
export interface ConsulSettings {
  readonly scheme: 'http' | 'https';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Sent as `X-Consul-Token`; never logged. */
  readonly token: string | undefined;
  /** Only instances that carry all of these tags are endpoints. */
  readonly tags: readonly string[];
  readonly hostSource: HostSource;
  readonly pollingIntervalMs: number;
  readonly configurationKey: string;
}

/**
 * Reads the section `ServiceDiscoveryProvider`.
 * @throws Error naming the key when a value cannot be used. The token is never part of the message.
 */
export function readConsulSettings(options: JsonObject): ConsulSettings {
  return {
    scheme: readScheme(options),
    host: readHost(options),
    port: readPort(options),
    token: readToken(options),
    tags: readTags(options),
    hostSource: readHostSource(options),
    pollingIntervalMs: positive(readNumber(options, 'PollingInterval')) ?? DEFAULT_POLLING_INTERVAL_MS,
    configurationKey: readText(options, 'ConfigurationKey') ?? DEFAULT_CONFIGURATION_KEY,
  };
}

/** `http://127.0.0.1:8500`, for messages. */
export function consulAddress({ scheme, host, port }: ConsulSettings): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function readText(options: JsonObject, key: string): string | undefined {
  const value = options[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new Error(`${key} must be text, not ${JSON.stringify(value)}.`);
  const text = value.trim();
  return text === '' ? undefined : text;
}

function readNumber(options: JsonObject, key: string): number | undefined {
  const value = options[key];
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    throw new Error(`${key} must be a whole number, not ${JSON.stringify(value)}.`);
  }
  return number;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

function readScheme(options: JsonObject): 'http' | 'https' {
  const scheme = readText(options, 'Scheme')?.toLowerCase() ?? 'http';
  if (scheme !== 'http' && scheme !== 'https') {
    throw new Error(`Scheme must be "http" or "https" for Consul, not ${JSON.stringify(scheme)}.`);
  }
  return scheme;
}

function readHost(options: JsonObject): string {
  const host = (readText(options, 'Host') ?? 'localhost').replace(/^\[([^[\]]*)\]$/, '$1');
  if (/[\u0000-\u0020\u007f/\\?#@[\]]/.test(host)) {
    throw new Error(`Host must be a host name or an address without scheme and port, not ${JSON.stringify(host)}.`);
  }
  return host;
}

function readPort(options: JsonObject): number {
  const port = positive(readNumber(options, 'Port')) ?? DEFAULT_PORT;
  if (port > 65_535) throw new Error(`Port must be at most 65535, not ${port}.`);
  return port;
}

function readToken(options: JsonObject): string | undefined {
  const token = readText(options, 'Token');
  // It becomes a header line.
  if (token !== undefined && /[^\u0021-\u007e]/.test(token)) {
    throw new Error(
      'Token holds a character that no Consul token has (a blank, a line break or a letter beyond ASCII).',
    );
  }
  return token;
}

function readTags(options: JsonObject): readonly string[] {
  const value = options['Tags'];
  if (value === undefined || value === null) return [];
  const tags = Array.isArray(value) ? value : [value];
  return tags.map((tag: unknown) => {
    if (typeof tag !== 'string') throw new Error(`Tags must be a list of texts, not ${JSON.stringify(value)}.`);
    return tag;
  });
}

function readHostSource(options: JsonObject): HostSource {
  const source = readText(options, 'HostSource')?.toLowerCase() ?? 'service-address';
  if (source !== 'service-address' && source !== 'node-name') {
    throw new Error(`HostSource must be "service-address" or "node-name", not ${JSON.stringify(source)}.`);
  }
  return source;
}
