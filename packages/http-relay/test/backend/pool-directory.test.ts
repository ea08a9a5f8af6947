import { createEndpoint, readConfiguration, type Route } from '@ocelot/core';
import { FakeClock, MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { PoolDirectory } from '../../src/backend/pool-directory.js';

function routeTo(path: string, settings: object = {}): Route {
  const [route] = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: path,
        DownstreamPathTemplate: '/',
        DownstreamHostAndPorts: [{ Host: 'a', Port: 1 }],
        DownstreamScheme: 'http',
        Gateway: settings,
      },
    ],
  }).routes;
  if (route === undefined) throw new Error('no route');
  return route;
}

function directory(): { readonly pools: PoolDirectory; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const pools = new PoolDirectory({ clock, tlsDefaults: undefined, keepAliveMs: 1_000, log: new MemoryLogger() });
  return { pools, clock };
}

describe('PoolDirectory', () => {
  it('has one pool for each route, endpoint and kind of connection', () => {
    const { pools } = directory();
    const [a, b] = [routeTo('/a'), routeTo('/b')];
    const endpoint = createEndpoint({ host: 'h', port: 1 });
    const pool = pools.take(a, endpoint, false);
    expect(pools.take(a, createEndpoint({ host: 'h', port: 1 }), false)).toBe(pool);
    expect(pools.take(a, createEndpoint({ host: 'h', port: 2 }), false)).not.toBe(pool);
    expect(pools.take(a, endpoint, true)).not.toBe(pool);
    expect(pools.take(b, endpoint, false)).not.toBe(pool);
    expect(pools.size).toBe(4);
  });

  it('keeps connections over a reload that leaves the route alone, and not over one that changes it', () => {
    const { pools } = directory();
    const endpoint = createEndpoint({ host: 'h', port: 1 });
    const pool = pools.take(routeTo('/a'), endpoint, false);
    expect(pools.take(routeTo('/a'), endpoint, false)).toBe(pool);
    expect(pools.take(routeTo('/a', { ConnectTimeoutMs: 1 }), endpoint, false)).not.toBe(pool);
  });

  it('closes what nobody used for a minute, and keeps what is in use', async () => {
    const { pools, clock } = directory();
    const route = routeTo('/a');
    const used = pools.take(route, createEndpoint({ host: 'h', port: 1 }), false);
    pools.release(pools.take(route, createEndpoint({ host: 'h', port: 2 }), false));
    clock.advance(90_000);
    expect(pools.size).toBe(1);
    pools.release(used);
    clock.advance(90_000);
    expect([pools.size, clock.pending]).toEqual([0, 0]);
    await pools.close();
  });

  it('closes unused pools at once where there are too many', () => {
    const { pools } = directory();
    const route = routeTo('/a');
    for (let port = 1; port <= 2_500; port += 1) {
      pools.release(pools.take(route, createEndpoint({ host: 'h', port }), false));
    }
    expect(pools.size).toBeLessThanOrEqual(2_000);
  });

  it('holds no timer once it is closed', async () => {
    const { pools, clock } = directory();
    pools.take(routeTo('/a'), createEndpoint({ host: 'h', port: 1 }), false);
    await pools.close();
    expect([pools.size, clock.pending]).toEqual([0, 0]);
  });
});
