import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  eventually,
  redisAvailable,
  seededRandom,
  startRedis,
  TestAuthority,
  type TestRedis,
} from '@ocelot/test-support';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { readConfiguration } from '@ocelot/core';

import { decide, type Counter, type Rule } from '../../src/quota/counter.js';
import { RedisCounters } from '../../src/store/redis-counters.js';
import { COUNT_SCRIPT } from '../../src/store/redis-script.js';
import type { RedisSettings } from '../../src/store/store-settings.js';
import { rateConfig, type RateStand, rateStands } from '../rate-stand.js';

const QUOTA = { Limit: 5, Period: '1h' };

describe.skipIf(!(await redisAvailable()))('a store in Redis', () => {
  let redis: TestRedis;
  const stands = rateStands();

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    const admin = new Redis(redis.url);
    await admin.flushall();
    admin.disconnect();
  });

  const settings = (more: Partial<RedisSettings> = {}): RedisSettings => ({
    url: redis.url,
    address: `127.0.0.1:${redis.port}`,
    tls: undefined,
    keyPrefix: 'test:',
    timeoutMs: 5000,
    onFailure: 'closed',
    ...more,
  });

  async function counters(more: Partial<RedisSettings> = {}): Promise<RedisCounters> {
    const made = new RedisCounters(settings(more));
    stands.onClose(async () => made.close());
    await made.ping();
    return made;
  }

  const store = (more: object = {}): object => ({
    Gateway: { RateLimit: { Store: { Type: 'redis', Url: redis.url, TimeoutMs: 5000, ...more } } },
  });

  const as = async (stand: RateStand, client: string): Promise<number> =>
    (await stand.get({ 'Oc-Client': client })).status;

  describe('the script', () => {
    it('takes the same steps as a counter in memory, whatever the rule and the times', async () => {
      const script = COUNT_SCRIPT.replace(/local time.*\nlocal now.*/, 'local now = tonumber(ARGV[5])');
      expect(script).not.toContain("'TIME'");
      const admin = new Redis(redis.url);
      stands.onClose(async () => admin.disconnect());
      const random = seededRandom(7);
      for (let run = 0; run < 40; run += 1) {
        const rule: Rule = {
          limit: random.between(1, 4),
          periodMs: random.between(1, 100),
          waitMs: random.between(0, 3) * 40,
        };
        let state: Counter | undefined;
        let nowMs = 1_000_000;
        for (let step = 0; step < 25; step += 1) {
          nowMs += random.between(0, 45);
          const { limit, periodMs, waitMs } = rule;
          const told = await admin.eval(script, 1, `steps-${run}`, limit, periodMs, waitMs, 60_000, nowMs);
          const { counter, retryAfterMs } = decide(state, rule, nowMs);
          const resetMs = Math.max(0, counter.startedAtMs + periodMs - nowMs);
          expect({ rule, nowMs, told }).toEqual({ rule, nowMs, told: [counter.total, resetMs, retryAfterMs] });
          state = counter;
        }
      }
    });

    it('counts by the time of the server', async () => {
      const made = await counters();
      const rule: Rule = { limit: 1, periodMs: 60_000, waitMs: 150 };
      const hits = await Promise.all([made.count('time', rule), made.count('time', rule)]);
      expect(hits.map(({ total }) => total)).toEqual([1, 2]);
      expect(hits[1]?.retryAfterMs).toBeGreaterThan(0);
      expect(hits[1]?.retryAfterMs).toBeLessThanOrEqual(150);
      await new Promise((resolve) => setTimeout(resolve, 170));
      expect(await made.count('time', rule)).toMatchObject({ total: 1, retryAfterMs: 0 });
    });

    it('keeps nobody waiting longer than the rule says when the clock of the server is set back', async () => {
      const script = COUNT_SCRIPT.replace(/local time.*\nlocal now.*/, 'local now = tonumber(ARGV[5])');
      const admin = new Redis(redis.url);
      stands.onClose(async () => admin.disconnect());
      const at = (nowMs: number, waitMs: number) =>
        admin.eval(script, 1, `jump-${waitMs}`, 1, 1000, waitMs, 60_000, nowMs) as Promise<number[]>;
      for (const waitMs of [0, 500]) {
        expect(await at(10_000_000, waitMs)).toEqual([1, 1000, 0]);
        expect(await at(10_000_100, waitMs)).toEqual([2, 900, waitMs === 0 ? 900 : 500]);
        // An hour back: the count holds, the window begins now.
        expect(await at(6_400_000, waitMs)).toEqual([3, 1000, waitMs === 0 ? 1000 : 500]);
        expect(await at(6_401_001, waitMs)).toEqual([1, 1000, 0]);
      }
    });

    it('begins anew where something else stands under the key: one client must not take the store away', async () => {
      const made = await counters();
      const admin = new Redis(redis.url);
      stands.onClose(async () => admin.disconnect());
      await admin.set('test:taken', 'by a text');
      const rule: Rule = { limit: 1, periodMs: 60_000, waitMs: 0 };
      expect(await made.count('taken', rule)).toMatchObject({ total: 1, retryAfterMs: 0 });
      expect(await made.count('taken', rule)).toMatchObject({ total: 2 });
    });

    it('is sent again to a server that forgot its scripts', async () => {
      const made = await counters();
      const admin = new Redis(redis.url);
      stands.onClose(async () => admin.disconnect());
      const rule: Rule = { limit: 1, periodMs: 60_000, waitMs: 0 };
      await made.count('flushed', rule);
      await admin.script('FLUSH');
      expect(await made.count('flushed', rule)).toMatchObject({ total: 2 });
    });

    it('keeps a counter as long as Ocelot does, and not for ever', async () => {
      const made = await counters();
      await made.count('kept', { limit: 1, periodMs: 5000, waitMs: 2000 });
      const admin = new Redis(redis.url);
      expect(await admin.pttl('test:kept')).toBeGreaterThan(7000);
      expect(await admin.pttl('test:kept')).toBeLessThanOrEqual(8000);
      admin.disconnect();
    });

    it('never lets more than the limit pass, however many come at once over several connections', async () => {
      const several = await Promise.all([counters(), counters(), counters()]);
      const rule: Rule = { limit: 25, periodMs: 60_000, waitMs: 0 };
      const hits = await Promise.all(
        Array.from({ length: 300 }, (_, index) => several[index % several.length]?.count('race', rule)),
      );
      expect(hits.filter((hit) => hit?.retryAfterMs === 0)).toHaveLength(25);
      expect(Math.max(...hits.map((hit) => hit?.total ?? 0))).toBe(300);
    });
  });

  it('connects anew when the server was demoted: its name leads to the one that took over', async () => {
    const own = await startRedis();
    stands.onClose(() => own.stop());
    const made = await counters({ url: own.url });
    const admin = new Redis(own.url);
    stands.onClose(async () => admin.disconnect());
    const connection = async (): Promise<string | undefined> =>
      /\bid=(\d+).* name=ocelot-rate-limit /.exec(String(await admin.client('LIST')))?.[1];
    const before = await connection();
    expect(before).toBeDefined();
    await admin.replicaof('127.0.0.1', '1');
    const rule: Rule = { limit: 1, periodMs: 60_000, waitMs: 0 };
    await expect(made.count('a', rule)).rejects.toThrow(/READONLY/);
    await eventually(async () => ![undefined, before].includes(await connection()), 'there is another connection');
    await admin.replicaof('NO', 'ONE');
    await made.ping();
    expect(await made.count('a', rule)).toMatchObject({ total: 1 });
  });

  it('says why there is no connection, not that there is none', async () => {
    const own = await startRedis();
    stands.onClose(() => own.stop());
    const global = store({ Url: own.url, OnFailure: 'closed' });
    const stand = await stands.gateway({ quota: QUOTA, global });
    const admin = new Redis(own.url);
    stands.onClose(async () => admin.disconnect());
    await admin.config('SET', 'requirepass', 'open-sesame');
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually(async () => (await as(stand, 'a')) === 503, 'it is refused');
    const causes = (): readonly string[] => stand.lines.map(({ fields }) => String(fields['error']));
    await eventually(() => causes().some((cause) => cause.startsWith('NOAUTH')), 'the cause is told');
    expect(causes().join()).not.toContain('enableOfflineQueue');
    await admin.config('SET', 'requirepass', '');
    await stand.line('rate limit store is back');
  });

  it('says that a cluster is none of its stores, and does not ask it for every client', async () => {
    const sockets = new Set<Socket>();
    let counts = 0;
    const cluster = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.on('data', (data) => {
        for (const [, name = ''] of String(data).matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/gi)) {
          const isCount = name.toLowerCase().startsWith('eval');
          if (isCount) counts += 1;
          // Its own slots it would count.
          if (isCount) socket.write(counts === 1 ? '*3\r\n:1\r\n:1\r\n:0\r\n' : '-MOVED 3999 127.0.0.1:6381\r\n');
          else socket.write(name.toLowerCase() === 'info' ? '$11\r\nloading:0\r\n\r\n' : '+OK\r\n');
        }
      });
    });
    stands.onClose(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => cluster.close(resolve));
    });
    cluster.listen(0, '127.0.0.1');
    await once(cluster, 'listening');
    const made = await counters({ url: `redis://127.0.0.1:${(cluster.address() as AddressInfo).port}` });
    const rule: Rule = { limit: 1, periodMs: 60_000, waitMs: 0 };
    await expect(made.count('a', rule)).rejects.toThrow('it is a Redis Cluster, which is not supported');
    await expect(made.ping()).rejects.toThrow('it is a Redis Cluster, which is not supported');
    expect(counts).toBe(2);
  });

  it('answers requests that wait when a reload changes the store', async () => {
    const stand = await stands.gateway({ quota: QUOTA, global: store({ OnFailure: 'closed' }) });
    redis.freeze();
    const waits = [as(stand, 'a'), as(stand, 'a')];
    await new Promise((resolve) => setTimeout(resolve, 100));
    const reloaded = stand.gateway.reload(
      readConfiguration(rateConfig(stands.backend().port, { quota: QUOTA, global: store({ TimeoutMs: 50 }) })),
    );
    await reloaded;
    redis.thaw();
    expect(await Promise.all(waits)).toEqual([200, 200]);
  });

  it('tells no password in its errors', async () => {
    const secured = await startRedis({ password: 'open-sesame' });
    stands.onClose(() => secured.stop());
    const wrong = new RedisCounters(settings({ url: `redis://:not-it-at-all@127.0.0.1:${secured.port}` }));
    stands.onClose(async () => wrong.close());
    const failure = await wrong.ping().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(failure)).toMatch(/WRONGPASS|NOAUTH|no connection/);
    expect(JSON.stringify({ ...(failure as object), text: String(failure) })).not.toContain('not-it-at-all');
    const right = new RedisCounters(settings({ url: secured.url }));
    stands.onClose(async () => right.close());
    await right.ping();
  });

  it('is reached over TLS, checked against the authorities of the file, by an address of its own file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ocelot-store-'));
    stands.onClose(() => rm(folder, { recursive: true }));
    const authority = new TestAuthority();
    const { cert, key } = authority.issue({ names: ['127.0.0.1'] });
    const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    await Promise.all([writeFile(files.certFile, cert), writeFile(files.keyFile, key)]);
    const secured = await startRedis({ password: 'open-sesame', tls: files });
    stands.onClose(() => secured.stop());
    await writeFile(join(folder, 'ca.pem'), authority.cert);
    await writeFile(join(folder, 'url'), `${secured.url}\n`);
    const fileStore = { Url: '', UrlFile: join(folder, 'url'), OnFailure: 'closed' };
    const trusting = store({ ...fileStore, Tls: { CaFile: join(folder, 'ca.pem') } });
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '1h' }, global: trusting });
    expect([await as(stand, 'a'), await as(stand, 'a')]).toEqual([200, 429]);
    // Without the authority the certificate is nobody's.
    const stranger = await stands.gateway({ quota: QUOTA, global: store(fileStore) });
    expect(await as(stranger, 'a')).toBe(503);
    const { fields } = await stranger.line('rate limit store is down');
    expect(String(fields['error'])).toMatch(/certificate/);
    expect(JSON.stringify([stand.lines, stranger.lines])).not.toContain('open-sesame');
  });

  it('outlives handshakes that fail, also those of which two errors are told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ocelot-store-'));
    stands.onClose(() => rm(folder, { recursive: true }));
    const { cert, key } = new TestAuthority().issue({ names: ['127.0.0.1'] });
    const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    await Promise.all([writeFile(files.certFile, cert), writeFile(files.keyFile, key)]);
    const secured = await startRedis({ password: 'open-sesame', tls: files });
    stands.onClose(() => secured.stop());
    const tls = { ca: undefined, cert: undefined, key: undefined, servername: undefined };
    // The stands look for errors that nobody heard. About one handshake in twenty has a second one.
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const made = new RedisCounters(settings({ url: secured.url, tls, timeoutMs: 2000 }));
        await expect(made.ping()).rejects.toThrow(/certificate|no connection/);
        made.close();
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
  });

  it('counts for two gateways together', async () => {
    const first = await stands.gateway({ quota: QUOTA, global: store() });
    const second = await stands.gateway({ quota: QUOTA, global: store() });
    const statuses: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push(await as(first, 'a'), await as(second, 'a'));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect(await as(second, 'b')).toBe(200);
    expect((await first.get({ 'Oc-Client': 'c' })).headers.get('x-ratelimit-remaining')).toBe('4');
    const dependency = await first.event('dependency.changed');
    expect(dependency).toMatchObject({ name: 'rate-limit-store', isUp: true });
  });

  it('never lets more than the limit pass over two gateways, however many come at once', async () => {
    const first = await stands.gateway({ quota: QUOTA, global: store() });
    const second = await stands.gateway({ quota: QUOTA, global: store() });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => as(index % 2 === 0 ? first : second, 'a')),
    );
    expect(answers.filter((status) => status === 200)).toHaveLength(5);
    expect(answers.filter((status) => status === 429)).toHaveLength(35);
  });

  it.each([
    ['closed', [503, 503]],
    ['open', [200, 200]],
    ['local', [200, 429]],
  ] as const)(
    'goes on as OnFailure %s says when the store is killed, and counts again when it is back',
    async (onFailure, during) => {
      const stand = await stands.gateway({
        quota: { Limit: 1, Period: '1h' },
        global: store({ OnFailure: onFailure }),
      });
      expect([await as(stand, 'a'), await as(stand, 'a')]).toEqual([200, 429]);
      await redis.kill();
      expect([await as(stand, 'b'), await as(stand, 'b')]).toEqual(during);
      expect((await stand.line('rate limit store is down')).fields).toMatchObject({
        store: `127.0.0.1:${redis.port}`,
        onFailure,
      });
      await redis.start();
      await stand.line('rate limit store is back');
      expect([await as(stand, 'c'), await as(stand, 'c')]).toEqual([200, 429]);
      const changes = stand.events.filter((event) => event.type === 'dependency.changed');
      expect(changes.map((event) => event.isUp)).toEqual([true, false, true]);
    },
  );

  it('waits no longer than TimeoutMs for a store that hangs, and only once', async () => {
    const stand = await stands.gateway({ quota: QUOTA, global: store({ OnFailure: 'open', TimeoutMs: 400 }) });
    redis.freeze();
    try {
      expect(await as(stand, 'a')).toBe(200);
      await stand.line('rate limit store is down');
      for (let sent = 0; sent < 10; sent += 1) expect(await as(stand, 'a')).toBe(200);
    } finally {
      redis.thaw();
    }
    await stand.line('rate limit store is back');
    expect((await stand.get({ 'Oc-Client': 'x' })).headers.get('x-ratelimit-remaining')).toBe('4');
  });

  it('starts while the store is down, and counts once it is there', async () => {
    await redis.kill();
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '1h' }, global: store({ OnFailure: 'closed' }) });
    expect(await as(stand, 'a')).toBe(503);
    await redis.start();
    await stand.line('rate limit store is back');
    expect([await as(stand, 'a'), await as(stand, 'a')]).toEqual([200, 429]);
  });

  it('is asked as requests ask it whether it is back: a full server answers a PING, and counts nothing', async () => {
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '1h' }, global: store({ OnFailure: 'open' }) });
    const admin = new Redis(redis.url);
    stands.onClose(async () => admin.disconnect());
    await admin.config('SET', 'maxmemory', '1');
    expect(await as(stand, 'a')).toBe(200);
    expect((await stand.line('rate limit store is down')).fields['error']).toMatch(/OOM/);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(stand.lines.filter(({ message }) => message.includes('store'))).toHaveLength(1);
    await admin.config('SET', 'maxmemory', '0');
    await stand.line('rate limit store is back');
    expect([await as(stand, 'a'), await as(stand, 'a')]).toEqual([200, 429]);
  });

  it('keeps its connection over a reload that does not touch it, and closes it with one that leaves it out', async () => {
    const own = await startRedis();
    stands.onClose(() => own.stop());
    const global = store({ Url: own.url });
    const stand = await stands.gateway({ quota: QUOTA, global });
    const admin = new Redis(own.url);
    stands.onClose(async () => admin.disconnect());
    const connections = async (): Promise<readonly (string | undefined)[]> => {
      const list = String(await admin.client('LIST'))
        .trim()
        .split('\n');
      return list.map((line) => /\bid=(\d+).* name=ocelot-rate-limit /.exec(line)?.[1]).filter(Boolean);
    };
    const before = await connections();
    expect(before).toHaveLength(1);
    const { port } = stands.backend();
    await stand.gateway.reload(readConfiguration(rateConfig(port, { quota: { ...QUOTA, Limit: 2 }, global })));
    expect(await connections()).toEqual(before);
    expect([await as(stand, 'a'), await as(stand, 'a'), await as(stand, 'a')]).toEqual([200, 200, 429]);
    await stand.gateway.reload(readConfiguration(rateConfig(port, { quota: QUOTA })));
    await eventually(async () => (await connections()).length === 0, 'the connection is closed');
    expect(await as(stand, 'a')).toBe(200);
  });

  it('opens no connection where no route counts requests', async () => {
    const unreachable = { Type: 'redis', Url: 'redis://127.0.0.1:1' };
    const stand = await stands.gateway({ global: { Gateway: { RateLimit: { Store: unreachable } } } });
    expect(await as(stand, 'a')).toBe(200);
    expect(stand.lines.filter(({ message }) => message.includes('store'))).toEqual([]);
  });
});
