import { balancingConformance } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { noLoadBalancer } from '../src/index.js';
import { balancingContext } from './balancing-context.js';
import { at, SimulatedPool } from './simulated-pool.js';

describe('NoLoadBalancer', () => {
  it.each(balancingConformance({ create: noLoadBalancer }).map(({ name, run }) => [name, run] as const))(
    '%s',
    async (_, run) => {
      await expect(run()).resolves.toBeUndefined();
    },
  );

  it('picks the first endpoint each time', () => {
    const pool = new SimulatedPool(noLoadBalancer({}, balancingContext()));
    pool.update([at('a:1'), at('b:1')]);
    expect(pool.leaseHosts(3)).toBe('a a a');
  });

  it('picks the next one when the first failed for this request, and the first again after that', () => {
    const pool = new SimulatedPool(noLoadBalancer({}, balancingContext()));
    pool.update([at('a:1'), at('b:1')]);
    expect(pool.lease({ tried: ['a:1'] })).toBe('b:1');
    expect(pool.lease()).toBe('a:1');
  });

  it('passes over an endpoint of weight 0', () => {
    const pool = new SimulatedPool(noLoadBalancer({}, balancingContext()));
    pool.update([at('a:1', { weight: 0 }), at('b:1')]);
    expect(pool.lease()).toBe('b:1');
  });
});
