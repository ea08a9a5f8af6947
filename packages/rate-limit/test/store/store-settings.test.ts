import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type GatewayConfig, readConfiguration } from '@ocelot/core';
import { afterEach, describe, expect, it } from 'vitest';

import { maxKeysOf, readRedisSettings } from '../../src/store/store-settings.js';

const VARIABLE = 'OCELOT_TEST_RATE_LIMIT_STORE';

function config(store: object): GatewayConfig {
  return readConfiguration({ Routes: [], GlobalConfiguration: { Gateway: { RateLimit: { Store: store } } } });
}

afterEach(() => {
  delete process.env[VARIABLE];
});

describe('readRedisSettings', () => {
  it('counts in memory where nothing else is written', () => {
    expect(readRedisSettings(config({}))).toBeUndefined();
    expect(readRedisSettings(config({ Type: 'Memory', Url: 'redis://unused' }))).toBeUndefined();
    expect(maxKeysOf(config({}))).toBe(100_000);
    expect(maxKeysOf(config({ MaxKeys: 5 }))).toBe(5);
  });

  it('fills in what is not written, and shows no password', () => {
    expect(readRedisSettings(config({ Type: 'Redis', Url: 'redis://ann:pw@redis.test/2' }))).toEqual({
      url: 'redis://ann:pw@redis.test/2',
      address: 'redis.test:6379',
      tls: undefined,
      keyPrefix: 'ocelot:rate-limit:',
      timeoutMs: 250,
      onFailure: 'local',
    });
  });

  it('takes the address from a variable before one from the file', () => {
    process.env[VARIABLE] = 'rediss://redis.test:6380';
    const settings = readRedisSettings(config({ Type: 'redis', Url: 'redis://other', UrlEnv: VARIABLE }));
    expect(settings).toMatchObject({ address: 'redis.test:6380', tls: { ca: undefined } });
  });

  it.each([
    ['rediss://redis.test:6380', {}, 'redis.test'],
    ['rediss://127.0.0.1:6380', {}, undefined],
    ['rediss://[::1]:6380', {}, undefined],
    ['rediss://redis.test', { ServerName: 'other.test' }, 'other.test'],
  ])('says to %s with TLS %j whom it asks for: servers that many share are found by it', (Url, Tls, servername) => {
    expect(readRedisSettings(config({ Type: 'redis', Url, Tls }))?.tls?.servername).toBe(servername);
  });

  it('takes the address from a file of its own, blanks around it left out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ocelot-store-'));
    try {
      await writeFile(join(folder, 'url'), ' redis://redis.test:1\n');
      expect(readRedisSettings(config({ Type: 'redis', UrlFile: join(folder, 'url') }))?.address).toBe('redis.test:1');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    [{ Type: 'redis' }, /Store\/Url: .*no URL of a Redis server/],
    [{ Type: 'redis', Url: 'http://:hidden@redis.test' }, /Store\/Url: /],
    [{ Type: 'redis', UrlEnv: VARIABLE }, /Store\/UrlEnv: the environment variable \w+ is not set/],
    [{ Type: 'redis', UrlFile: '/nowhere/url' }, /Store\/UrlFile: \/nowhere\/url cannot be read/],
    [{ Type: 'redis', Url: 'redis://r', Tls: { CaFile: '/nowhere/ca' } }, /Store\/Tls\/CaFile: \/nowhere\/ca cannot/],
  ])('refuses %j with the place, and tells nothing of the address', (store, message) => {
    expect(() => readRedisSettings(config(store))).toThrow(message);
    expect(() => readRedisSettings(config(store))).not.toThrow(/hidden/);
  });

  it.each([{ Type: 'etcd' }, { OnFailure: 'never' }, { TimeoutMs: 0 }, { Adress: 'redis://r' }])(
    'leaves %j to the schema',
    (store) => {
      const told = (() => {
        try {
          return config(store).warnings.map(({ message }) => message);
        } catch (error) {
          return [String(error)];
        }
      })();
      expect(told.join('\n')).toMatch(/Type|OnFailure|TimeoutMs|Adress/);
    },
  );
});
