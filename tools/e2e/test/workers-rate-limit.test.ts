// Situation: one gateway in several processes (--workers), with limits on each client.
// Action: more handshakes and sockets of one client than it may have, through all workers at once.
// Expected: what docs/guides/rate-limit.md promises: sockets are counted together, handshakes with a shared store.
import { echoBackend, redisAvailable, startRedis } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';

import { runWorkers, type RunningWorkers } from '../src/run-workers.js';

const WORKERS = 3;
const hasRedis = await redisAvailable();

async function run(route: object, global: object = {}): Promise<RunningWorkers> {
  const backend = await echoBackend();
  onTestFinished(() => backend.close());
  const gateway = await runWorkers(
    {
      Routes: [
        {
          UpstreamPathTemplate: '/{everything}',
          DownstreamPathTemplate: '/{everything}',
          DownstreamScheme: 'ws',
          DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backend.port }],
          ...route,
        },
      ],
      GlobalConfiguration: global,
    },
    WORKERS,
  );
  onTestFinished(async () => {
    expect(await gateway.end()).toEqual([]);
  });
  return gateway;
}

async function statuses(gateway: RunningWorkers, count: number): Promise<readonly (readonly [number, number])[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => gateway.statusOf()));
  return [101, 429].map((status) => [status, answers.filter((answer) => answer === status).length]);
}

describe('rate limits with workers', () => {
  it('count the sockets of one client together (Gateway.RateLimit.Connections)', async () => {
    const gateway = await run({ Gateway: { RateLimit: { Connections: { Max: 5, By: ['ip'] } } } });
    expect(await statuses(gateway, 20)).toEqual([
      [101, 5],
      [429, 15],
    ]);
  });

  it.skipIf(!hasRedis)('count handshakes together in a shared store', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const gateway = await run(
      { RateLimitOptions: { Limit: 5, Period: '1h' } },
      { Gateway: { RateLimit: { By: ['ip'], Store: { Type: 'redis', Url: redis.url, TimeoutMs: 2000 } } } },
    );
    expect(await statuses(gateway, 20)).toEqual([
      [101, 5],
      [429, 15],
    ]);
  });
});
