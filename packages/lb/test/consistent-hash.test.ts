import type { JsonObject } from '@ocelot/core';
import { balancingConformance } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { consistentHash } from '../src/index.js';
import { balancingContext } from './balancing-context.js';
import { at, SimulatedPool } from './simulated-pool.js';

const HOSTS = ['a', 'b', 'c', 'd', 'e'];

function stand(options: JsonObject, hosts: readonly string[] = HOSTS): SimulatedPool {
  const pool = new SimulatedPool(consistentHash(options, balancingContext()));
  pool.update(hosts.map((host) => at(`${host}:1`)));
  return pool;
}

describe('ConsistentHash', () => {
  it.each(
    [{}, { HashOn: 'cookie:session, address', LoadFactor: 1.25 }].flatMap((options) =>
      balancingConformance({ create: consistentHash, options }).map(
        ({ name, run }) => [name, JSON.stringify(options), run] as const,
      ),
    ),
  )('%s with %s', async (_name, _options, run) => {
    await expect(run()).resolves.toBeUndefined();
  });

  it('sends requests with the same key to the same endpoint, in every gateway, before and after a restart', () => {
    const gateways = [1, 2, 3].map(() => stand({ HashOn: 'query:id' }));
    for (const query of ['?id=1', '?id=2', '?id=3', '?id=4', '?id=5'])
      expect(new Set(gateways.map((pool) => pool.lease({ query })))).toHaveProperty('size', 1);
  });

  it('takes a value for the same key wherever the client carries it: in the query first, in a header later', () => {
    const pool = stand({ HashOn: 'query:id, header:X-Id' });
    for (const id of ['1', '2', '3', '4'])
      expect(pool.lease({ query: `?id=${id}` })).toBe(pool.lease({ headers: { 'x-id': id } }));
  });

  it('goes by the address of the client behind trusted proxies unless HashOn says otherwise', () => {
    const pool = stand({});
    const hosts = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'].map((clientAddress) => {
      const [first, second] = [pool.lease({ clientAddress }), pool.lease({ clientAddress })];
      expect(first).toBe(second);
      return first;
    });
    expect(new Set(hosts).size).toBeGreaterThan(1);
  });

  it('takes turns with requests that have no key', () => {
    expect(stand({ HashOn: 'cookie:sid' }).leaseHosts(6)).toBe('a b c d e a');
  });

  it('keeps the other keys where they are when an endpoint joins or leaves', () => {
    const ids = Array.from({ length: 200 }, (_, index) => ({ query: `?id=${index}` }));
    const hostsOf = (hosts: readonly string[]): (string | undefined)[] => {
      const pool = stand({ HashOn: 'query:id' }, hosts);
      return ids.map((request) => pool.lease(request));
    };
    const [five, six] = [hostsOf(HOSTS), hostsOf([...HOSTS, 'f'])];
    const moved = six.filter((host, index) => host !== five[index]);
    expect(new Set(moved)).toEqual(new Set(['f:1']));
    expect(moved.length).toBeLessThan(60);
  });

  it('gives the keys of a failed endpoint to the same next one each time', () => {
    const pool = stand({ HashOn: 'path' });
    const first = pool.lease({ path: '/room' }) ?? '';
    const next = pool.lease({ path: '/room', tried: [first] });
    expect(next).not.toBe(first);
    expect(pool.lease({ path: '/room', tried: [first] })).toBe(next);
    expect(pool.lease({ path: '/room' })).toBe(first);
  });

  it('sends all requests of a key to one endpoint however loaded it is, unless LoadFactor says otherwise', () => {
    const hosts = new Set(stand({ HashOn: 'path' }).leaseHosts(50, { path: '/hot' }).split(' '));
    expect(hosts.size).toBe(1);
  });

  it('lets the keys of an endpoint overflow that has its share times LoadFactor', () => {
    const pool = stand({ HashOn: 'path', LoadFactor: 1.25 });
    pool.leaseHosts(100, { path: '/hot' });
    for (const host of HOSTS) expect(pool.inFlight(`${host}:1`)).toBeLessThanOrEqual(25);
  });

  it('moves the keys of an endpoint whose weight fell to 0', () => {
    const pool = stand({ HashOn: 'path' });
    const first = pool.lease({ path: '/room' }) ?? '';
    pool.update(HOSTS.map((host) => at(`${host}:1`, { weight: `${host}:1` === first ? 0 : 1 })));
    expect(pool.lease({ path: '/room' })).not.toBe(first);
  });

  it.each([
    [{ HashOn: 'host' }, '"host" is none.'],
    [{ HashOn: 7 }, 'HashOn must be a text, not 7.'],
    [{ LoadFactor: 0.5 }, 'LoadFactor must be 1 or more, or 0 for no limit, not 0.5.'],
    [{ LoadFactor: 'much' }, 'LoadFactor must be a number, not "much".'],
  ])('refuses %j and says why', (options, message) => {
    expect(() => stand(options)).toThrow(message);
  });
});
