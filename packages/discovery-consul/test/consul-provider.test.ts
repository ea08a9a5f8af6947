// Against a real Consul: instances come and go, checks flip, the agent is killed, frozen and restarted, tokens denied.
import type { JsonObject } from '@ocelot/core';
import { collectLeaks, consulAvailable, eventually, startConsul, type TestConsul } from '@ocelot/test-support';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { ConsulProvider } from '../src/index.js';
import { conformanceWith, discoveryContext, watch } from './provider-stand.js';

const MASTER_TOKEN = 'b1a7c3d2-0000-4000-8000-000000000001';

const open: ConsulProvider[] = [];

afterEach(async () => {
  for (const provider of open.splice(0)) await provider.close();
});

/** A provider of one Consul, closed after the test. */
function provide(consul: TestConsul, options: JsonObject = {}): ConsulProvider {
  const provider = new ConsulProvider({ Host: consul.host, Port: consul.port, ...options }, discoveryContext());
  open.push(provider);
  return provider;
}

describe.skipIf(!(await consulAvailable()))('ConsulProvider conforms', () => {
  let consul: TestConsul;

  beforeAll(async () => {
    consul = await startConsul({ keepsData: true });
  });
  afterAll(() => consul.stop());

  const cases = conformanceWith(
    () => consul,
    ({ host, port }) => new ConsulProvider({ Host: host, Port: port }, discoveryContext()),
  );

  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe.skipIf(!(await consulAvailable()))('ConsulProvider', () => {
  let consul: TestConsul;

  beforeAll(async () => {
    consul = await startConsul();
  });
  afterAll(() => consul.stop());

  it('leaves out instances whose check fails, and takes them back', async () => {
    await consul.register({ name: 'checked', id: 'checked-1', port: 7001, check: 'passing' });
    await consul.register({ name: 'checked', id: 'checked-2', port: 7002, check: 'warning' });
    const { holds } = watch(provide(consul), 'checked');
    await holds(7001);
    await consul.setCheck('checked-2', 'passing');
    await holds(7001, 7002);
    await consul.setCheck('checked-1', 'critical');
    await expect(holds(7002)).resolves.toBe(true);
  });

  it('sees a departure as soon as Consul does, also that of the last instance', async () => {
    await consul.register({ name: 'leaving', id: 'leaving-1', port: 7001 });
    await consul.register({ name: 'leaving', id: 'leaving-2', port: 7002 });
    const { log, holds } = watch(provide(consul), 'leaving');
    await holds(7001, 7002);
    for (const [id, left] of [
      ['leaving-1', 1],
      ['leaving-2', 0],
    ] as const) {
      await consul.deregister(id);
      await eventually(() => log.sets.at(-1)?.length === left, `${id} has left`);
    }
    expect(log.errors).toEqual([]);
  });

  it('reads weights, tags, version and metadata', async () => {
    await consul.register({
      name: 'rich',
      port: 7001,
      tags: ['blue', 'version-2'],
      meta: { zone: 'a' },
      weights: { Passing: 5, Warning: 1 },
    });
    const { log, holds } = watch(provide(consul), 'rich');
    await holds(7001);
    expect(log.sets.at(-1)).toEqual([
      {
        host: '127.0.0.1',
        port: 7001,
        weight: 5,
        tags: ['blue', 'version-2'],
        metadata: { zone: 'a', version: '2' },
      },
    ]);
  });

  it("uses the node's address for an instance without one, and its name when asked to", async () => {
    await consul.register({ name: 'addressless', port: 7001, address: '' });
    await watch(provide(consul), 'addressless').holds(7001);
    await consul.register({ name: 'named', port: 7001 });
    const { log } = watch(provide(consul, { HostSource: 'node-name' }), 'named');
    await eventually(() => log.holds(['ocelot-node:7001']), 'the name of the node is told');
    expect(log.errors).toEqual([]);
  });

  it('takes only instances with the wanted tags', async () => {
    await consul.register({ name: 'tagged', id: 'tagged-1', port: 7001, tags: ['blue'] });
    await consul.register({ name: 'tagged', id: 'tagged-2', port: 7002, tags: ['blue', 'eu'] });
    await expect(watch(provide(consul, { Tags: ['blue', 'eu'] }), 'tagged').holds(7002)).resolves.toBe(true);
  });

  it('waits for a service that nobody has registered yet', async () => {
    const { log, holds } = watch(provide(consul), 'not-yet');
    await holds();
    await consul.register({ name: 'not-yet', port: 7001 });
    await holds(7001);
    expect(log.sets).toHaveLength(2);
  });

  it('keeps one question open per subscription, and no connection once all is closed', async () => {
    const leaks = collectLeaks();
    const provider = provide(consul);
    const watches = ['open-1', 'open-2', 'open-3'].map((name) => watch(provider, name));
    for (const { holds } of watches) await holds();
    watches[0]?.subscription.unsubscribe();
    await provider.close();
    await expect(leaks.verify()).resolves.toBeUndefined();
  });
});

describe.skipIf(!(await consulAvailable()))('ConsulProvider and a Consul in trouble', () => {
  it('keeps the last set while the agent is away, and follows again after its return', async () => {
    const consul = await startConsul({ keepsData: true });
    try {
      await consul.register({ name: 'web', id: 'web-1', port: 7001 });
      const { log, holds } = watch(provide(consul), 'web');
      await holds(7001);
      await consul.kill();
      await eventually(() => log.errors.length > 0, 'the failure is told');
      expect(log.holds(['127.0.0.1:7001'])).toBe(true);
      const setsBefore = log.sets.length;
      await consul.start();
      await eventually(() => log.sets.length > setsBefore, 'the recovery is told');
      await consul.register({ name: 'web', id: 'web-2', port: 7002 });
      await holds(7001, 7002);
      expect(log.sets.every((set) => set.length > 0)).toBe(true);
    } finally {
      await consul.stop();
    }
  });

  it('keeps the set when an agent comes back empty, until its instances have registered again', async () => {
    const consul = await startConsul();
    try {
      await consul.register({ name: 'web', id: 'web-1', port: 7001 });
      const { log, holds } = watch(provide(consul), 'web');
      await holds(7001);
      const setsBefore = log.sets.length;
      await consul.restart();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await consul.register({ name: 'web', id: 'web-1', port: 7001 });
      await eventually(() => log.sets.length > setsBefore, 'the recovery is told');
      expect(log.sets.every((set) => set.length === 1)).toBe(true);
      await consul.register({ name: 'web', id: 'web-2', port: 7002 });
      await holds(7001, 7002);
    } finally {
      await consul.stop();
    }
  });

  it('gets the news of a frozen agent once it goes on', async () => {
    const consul = await startConsul();
    try {
      await consul.register({ name: 'web', id: 'web-1', port: 7001 });
      const { log, holds } = watch(provide(consul), 'web');
      await holds(7001);
      consul.freeze();
      const registered = consul.register({ name: 'web', id: 'web-2', port: 7002 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(log.errors).toEqual([]);
      consul.thaw();
      await registered;
      await holds(7001, 7002);
      expect(log.errors).toEqual([]);
    } finally {
      await consul.stop();
    }
  });
});

describe.skipIf(!(await consulAvailable()))('ConsulProvider under access control', () => {
  let consul: TestConsul;

  beforeAll(async () => {
    consul = await startConsul({ masterToken: MASTER_TOKEN });
    await consul.register({ name: 'web', port: 7001 });
  });
  afterAll(() => consul.stop());

  it('sees the instances with a token that may', async () => {
    await expect(watch(provide(consul, { Token: MASTER_TOKEN }), 'web').holds(7001)).resolves.toBe(true);
  });

  it('sees a service without instances when there is no token: Consul answers 200 and an empty list', async () => {
    const { log, holds } = watch(provide(consul), 'web');
    await holds();
    expect(log.errors).toEqual([]);
  });

  it('tells of a token that Consul does not know, without showing it', async () => {
    const token = 'ffffffff-0000-4000-8000-00000000000f';
    const { log } = watch(provide(consul, { Token: token }), 'web');
    await eventually(() => log.errors.length > 1, 'the failure is told, and told again');
    expect(log.errors[0]?.message).toBe(
      `Consul at http://127.0.0.1:${consul.port} answered 403 (ACL not found) for the service "web". ` +
        'Check Token in ServiceDiscoveryProvider: it is unknown, or its policy does not allow this.',
    );
    expect(JSON.stringify(log.errors.map(({ message, stack }) => [message, stack]))).not.toContain(token);
    expect(log.sets).toEqual([]);
  });
});
