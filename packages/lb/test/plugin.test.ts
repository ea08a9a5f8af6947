import type { BalancingPolicyFactory, Registry } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { consistentHash, lb, leastConnection, noLoadBalancer, roundRobin } from '../src/index.js';

function refuse(): never {
  throw new Error('lb registers balancers only');
}

describe('lb', () => {
  it("registers Ocelot's balancers under Ocelot's names, AffinityCookie and ConsistentHash, and nothing else", async () => {
    const registered = new Map<string, BalancingPolicyFactory>();
    const registry: Registry = {
      balancing: (type, create) => void registered.set(type, create),
      discovery: refuse,
      stage: refuse,
      guard: refuse,
      tap: refuse,
      relay: refuse,
      telemetry: refuse,
      configuration: refuse,
      control: refuse,
      onClose: refuse,
      get host(): never {
        return refuse();
      },
    };
    await lb().setup(registry);
    expect(Object.fromEntries(registered)).toEqual({
      NoLoadBalancer: noLoadBalancer,
      RoundRobin: roundRobin,
      ConsistentHash: consistentHash,
      AffinityCookie: expect.any(Function),
      LeastConnection: leastConnection,
      CookieStickySessions: expect.any(Function),
    });
  });
});
