import { balancingConformance } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { roundRobin } from '../src/index.js';
import { balancingContext } from './balancing-context.js';
import { at, SimulatedPool } from './simulated-pool.js';

function pool(...endpoints: readonly ReturnType<typeof at>[]): SimulatedPool {
  const made = new SimulatedPool(roundRobin({}, balancingContext()));
  made.update(endpoints);
  return made;
}

describe('RoundRobin', () => {
  it.each(balancingConformance({ create: roundRobin }).map(({ name, run }) => [name, run] as const))(
    '%s',
    async (_, run) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it('takes endpoints in the order of the list and begins again at its end', () => {
    expect(pool(at('a:1'), at('b:1'), at('c:1')).leaseHosts(7)).toBe('a b c a b c a');
  });

  it('keeps plain order when all weights are equal, whatever they are', () => {
    expect(pool(at('a:1', { weight: 3 }), at('b:1', { weight: 3 })).leaseHosts(4)).toBe('a b a b');
  });

  it('begins again at the first when the list shrinks to what was picked before', () => {
    const shrinking = pool(at('a:1'), at('b:1'), at('c:1'));
    expect(shrinking.leaseHosts(2)).toBe('a b');
    shrinking.update([at('a:1'), at('b:1')]);
    expect(shrinking.leaseHosts(3)).toBe('a b a');
  });

  it('goes on after the last pick when endpoints join or leave', () => {
    const changing = pool(at('a:1'), at('b:1'), at('c:1'));
    expect(changing.leaseHosts(1)).toBe('a');
    changing.update([at('b:1'), at('c:1')]);
    expect(changing.leaseHosts(1)).toBe('b');
    changing.update([at('a:1'), at('b:1'), at('x:1'), at('c:1')]);
    expect(changing.leaseHosts(4)).toBe('c a b x');
  });

  it('begins at the first of a list that has nothing in common with the one before', () => {
    const replaced = pool(at('a:1'), at('b:1'));
    expect(replaced.leaseHosts(1)).toBe('a');
    replaced.update([at('x:1'), at('y:1')]);
    expect(replaced.leaseHosts(2)).toBe('x y');
  });

  it('shares the work of a dead endpoint evenly when every pick of it is retried elsewhere', () => {
    const retrying = pool(at('dead:1'), at('b:1'), at('c:1'), at('d:1'));
    const served = Array.from({ length: 300 }, () => {
      const first = retrying.lease();
      return first === 'dead:1' ? retrying.lease({ tried: ['dead:1'] }) : first;
    });
    for (const address of ['b:1', 'c:1', 'd:1']) expect(served.filter((one) => one === address)).toHaveLength(100);
  });

  it('gives each endpoint its share by weight, spread evenly over time', () => {
    const weighted = pool(at('a:1', { weight: 5 }), at('b:1'), at('c:1'));
    expect(weighted.leaseHosts(7)).toBe('a a b a c a a');
    expect(weighted.leaseHosts(7)).toBe('a a b a c a a');
  });

  it('keeps the shares within a few percent when a dead endpoint is retried elsewhere', () => {
    const weighted = pool(at('a:1', { weight: 3 }), at('b:1'), at('dead:1', { weight: 2 }));
    const served = Array.from({ length: 600 }, () => {
      const first = weighted.lease();
      return first === 'dead:1' ? weighted.lease({ tried: ['dead:1'] }) : first;
    });
    const share = served.filter((one) => one === 'a:1').length / served.length;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(0.8);
  });

  it('gives nothing to weight 0, and treats all alike when every weight is 0', () => {
    expect(pool(at('a:1', { weight: 0 }), at('b:1'), at('c:1')).leaseHosts(4)).toBe('b c b c');
    expect(pool(at('a:1', { weight: 0 }), at('b:1', { weight: 0 })).leaseHosts(4)).toBe('a b a b');
  });
});

describe('RoundRobin in a group of gateways', () => {
  const member = (index: number, size: number, ...weights: readonly number[]): SimulatedPool => {
    const made = new SimulatedPool(roundRobin({}, balancingContext({ index, size })));
    made.update(weights.map((weight, place) => at(`${'abcd'.charAt(place)}:1`, { weight })));
    return made;
  };

  it('begins at a place of its own in each member', () => {
    expect(member(0, 2, 1, 1, 1, 1).leaseHosts(5)).toBe('a b c d a');
    expect(member(1, 2, 1, 1, 1, 1).leaseHosts(5)).toBe('c d a b c');
  });

  it('begins at another turn where weights differ, and keeps the shares', () => {
    expect(member(0, 3, 5, 1, 1).leaseHosts(7)).toBe('a a b a c a a');
    expect(member(1, 3, 5, 1, 1).leaseHosts(7)).toBe('a b a c a a a');
  });

  it('differs between two endpoints by at most as many requests as there are members', () => {
    const counts = new Map<string, number>();
    for (const index of [0, 1, 2]) {
      for (const host of member(index, 3, 1, 1, 1, 1)
        .leaseHosts(9 + index)
        .split(' '))
        counts.set(host, (counts.get(host) ?? 0) + 1);
    }
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(3);
  });
});
