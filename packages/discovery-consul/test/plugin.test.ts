import type { DiscoveryContext, Registry, ServiceDiscoveryProviderFactory } from '@ocelot/core';
import { FakeClock, MemoryLogger } from '@ocelot/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { consul } from '../src/index.js';

function refuse(): never {
  throw new Error('consul registers discovery only');
}

describe('consul', () => {
  const registered = new Map<string, ServiceDiscoveryProviderFactory>();
  const context: DiscoveryContext = { clock: new FakeClock(), log: new MemoryLogger(), random: Math.random };

  beforeEach(async () => {
    registered.clear();
    const registry: Registry = {
      discovery: (type, create) => void registered.set(type, create),
      balancing: refuse,
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
    await consul().setup(registry);
  });

  it("registers Ocelot's two types, and nothing else", () => {
    expect([...registered.keys()]).toEqual(['Consul', 'PollConsul']);
  });

  it.each(['Consul', 'PollConsul'])('opens no connection for %s before something is subscribed', async (type) => {
    const provider = registered.get(type)?.({ Port: 1 }, context);
    await expect(provider?.close()).resolves.toBeUndefined();
  });

  it.each(['Consul', 'PollConsul'])('refuses options of %s that cannot be used, at start', (type) => {
    expect(() => registered.get(type)?.({ Scheme: 'ftp' }, context)).toThrow('Scheme must be "http" or "https"');
  });
});
