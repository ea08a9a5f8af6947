import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

import type { GatewayConfig, JsonObject } from '@ocelot/core';

import { numberAt, refuse, section, textAt } from '../config-reader.js';

/** What happens to requests that a shared store cannot count: each gateway counts for itself, all pass, none does. */
export type OnFailure = 'local' | 'open' | 'closed';

/** `GlobalConfiguration.Gateway.RateLimit.Store`, where it is Redis. */
export interface RedisSettings {
  /** With its password: for the client alone. */
  readonly url: string;
  /** Host and port, for logs. */
  readonly address: string;
  readonly tls: RedisTls | undefined;
  readonly keyPrefix: string;
  /** Longest wait for one answer. */
  readonly timeoutMs: number;
  readonly onFailure: OnFailure;
}

/** Certificates towards the store, as text of PEM files. */
export interface RedisTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly servername: string | undefined;
}

/** Where the section stands, for messages. */
const PLACE = 'GlobalConfiguration/Gateway/RateLimit/Store';

/** Most counters in memory unless the file says otherwise: some 20 MB. */
const DEFAULT_MAX_KEYS = 100_000;

/** How many counters are kept in memory. */
export function maxKeysOf(config: GatewayConfig): number {
  return numberAt(storeSection(config), 'MaxKeys', DEFAULT_MAX_KEYS);
}

/**
 * Reads where requests are counted. Files and variables are read at once.
 * @returns undefined for the memory of this process.
 * @throws ConfigError when the address of the store, or a file, cannot be had.
 */
export function readRedisSettings(config: GatewayConfig): RedisSettings | undefined {
  const store = storeSection(config);
  if (textAt(store, 'Type', 'memory').toLowerCase() !== 'redis') return undefined;
  const url = urlOf(store);
  const tls = section(store, 'Tls');
  const usesTls = url.protocol === 'rediss:' || Object.keys(tls).length > 0;
  return {
    url: url.href,
    address: `${url.hostname}:${url.port === '' ? '6379' : url.port}`,
    tls: usesTls ? readTls(tls, url.hostname) : undefined,
    keyPrefix: textAt(store, 'KeyPrefix', 'ocelot:rate-limit:'),
    timeoutMs: numberAt(store, 'TimeoutMs', 250),
    onFailure: textAt(store, 'OnFailure', 'local').toLowerCase() as OnFailure,
  };
}

function storeSection(config: GatewayConfig): JsonObject {
  return section(section(section(config.global, 'Gateway'), 'RateLimit'), 'Store');
}

/** Never says what stands in the address: it may hold a password. */
function urlOf(store: JsonObject): URL {
  const [text, key] = urlText(store);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '') return url;
  throw refuse(
    'RateLimitStoreUrl',
    `${PLACE}/${key}`,
    'the address of the rate limit store is no URL of a Redis server.',
    'Write redis://HOST:PORT or rediss://HOST:PORT, with user:password@ before the host where it needs them.',
  );
}

function urlText(store: JsonObject): readonly [text: string, key: string] {
  const variable = textAt(store, 'UrlEnv', '');
  const file = textAt(store, 'UrlFile', '');
  if (variable !== '') {
    const value = process.env[variable];
    if (value !== undefined && value !== '') return [value, 'UrlEnv'];
    throw refuse(
      'RateLimitStoreUrl',
      `${PLACE}/UrlEnv`,
      `the environment variable ${variable} is not set.`,
      'Set it to the URL of the Redis server, redis://HOST:PORT.',
    );
  }
  if (file !== '') return [readText(file, 'UrlFile').trim(), 'UrlFile'];
  return [textAt(store, 'Url', ''), 'Url'];
}

function readTls(tls: JsonObject, host: string): RedisTls {
  const file = (key: string): string | undefined => {
    const path = textAt(tls, key, '');
    return path === '' ? undefined : readText(path, `Tls/${key}`);
  };
  // A name only: RFC 6066 §3 has no addresses in SNI. Servers that many share are found by it.
  const servername = textAt(tls, 'ServerName', isIP(host) === 0 && !host.startsWith('[') ? host : '');
  return {
    ca: file('CaFile'),
    cert: file('CertFile'),
    key: file('KeyFile'),
    servername: servername === '' ? undefined : servername,
  };
}

function readText(path: string, key: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw refuse(
      'RateLimitStoreFile',
      `${PLACE}/${key}`,
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'Relative paths start from the working directory.',
    );
  }
}
