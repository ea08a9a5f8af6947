import { balancingConformance } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { leastConnection } from '../src/index.js';
import { balancingContext } from './balancing-context.js';
import { at, SimulatedPool } from './simulated-pool.js';

function pool(...endpoints: readonly ReturnType<typeof at>[]): SimulatedPool {
  const made = new SimulatedPool(leastConnection({}, balancingContext()));
  made.update(endpoints);
  return made;
}

describe('LeastConnection', () => {
  it.each(balancingConformance({ create: leastConnection }).map(({ name, run }) => [name, run] as const))(
    '%s',
    async (_, run) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it('picks the endpoint with the fewest open leases', () => {
    const uneven = pool(at('a:1'), at('b:1'), at('c:1'));
    expect(uneven.leaseHosts(3)).toBe('a b c');
    uneven.release('b:1');
    expect(uneven.lease()).toBe('b:1');
  });

  it('picks the first in the list among equals', () => {
    const even = pool(at('a:1'), at('b:1'));
    for (let round = 0; round < 3; round += 1) {
      expect(even.lease()).toBe('a:1');
      even.release('a:1');
    }
  });

  it('fills up an endpoint that joins', () => {
    const growing = pool(at('a:1'), at('b:1'));
    growing.leaseHosts(4);
    growing.update([at('a:1'), at('b:1'), at('c:1')]);
    expect(growing.leaseHosts(3)).toBe('c c a');
  });

  it('loads endpoints in proportion to their weights, the heavier one first', () => {
    const weighted = pool(at('a:1'), at('b:1', { weight: 3 }));
    expect(weighted.lease()).toBe('b:1');
    weighted.leaseHosts(39);
    expect([weighted.inFlight('a:1'), weighted.inFlight('b:1')]).toEqual([10, 30]);
  });

  it('gives nothing to weight 0, however idle it is', () => {
    expect(pool(at('a:1', { weight: 0 }), at('b:1')).leaseHosts(3)).toBe('b b b');
  });
});

it('begins at a place of its own in each member of a group of gateways when loads are equal', () => {
  const first = (index: number): string => {
    const pool = new SimulatedPool(leastConnection({}, balancingContext({ index, size: 2 })));
    pool.update([at('a:1'), at('b:1')]);
    return pool.leaseHosts(3);
  };
  expect(first(0)).toBe('a b a');
  expect(first(1)).toBe('b a b');
});
