// Against a real Consul; what cannot be had from one comes from a scripted registry.
import { FakeClock, MemoryLogger, ObserverLog } from '@ocelot/core/testing';
import { consulAvailable, eventually, startConsul, type TestConsul } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { pollConsulProvider } from '../src/poll-consul-provider.js';
import { conformanceWith, discoveryContext } from './provider-stand.js';
import { answer, entry, type RegistryScript, ScriptedRegistry } from './scripted-registry.js';

describe.skipIf(!(await consulAvailable()))('pollConsulProvider conforms', () => {
  let consul: TestConsul;

  beforeAll(async () => {
    consul = await startConsul({ keepsData: true });
  });
  afterAll(() => consul.stop());

  const cases = conformanceWith(
    () => consul,
    ({ host, port }) => pollConsulProvider({ Host: host, Port: port, PollingInterval: 50 }, discoveryContext()),
  );

  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

describe('pollConsulProvider', () => {
  async function stand(script: RegistryScript, more = {}) {
    const registry = await ScriptedRegistry.start(script);
    const clock = new FakeClock();
    const context = { clock, log: new MemoryLogger(), random: () => 1 };
    const provider = pollConsulProvider({ ...registry.section, ...more }, context);
    onTestFinished(async () => {
      await provider.close();
      await registry.stop();
    });
    const observer = new ObserverLog();
    const subscription = provider.subscribe({ name: 'web', namespace: '' }, observer);
    return { registry, clock, observer, provider, subscription };
  }

  it('asks every PollingInterval milliseconds, never with a blocking query', async () => {
    const { registry, clock } = await stand((_, response) => answer(response, [entry(1)], 9), { PollingInterval: 300 });
    for (const questions of [1, 2, 3]) {
      await eventually(
        () => registry.requests.length === questions && clock.nextDelayMs === 300,
        'the interval begins',
      );
      await clock.advanceAsync(300);
    }
    expect(new Set(registry.requests)).toEqual(new Set(['/v1/health/service/web?passing=true']));
  });

  it('asks again within the same poll before it empties a set', async () => {
    const { registry, clock, observer } = await stand((_, response, number) =>
      answer(response, number === 1 ? [entry(1)] : [], number),
    );
    await eventually(() => clock.nextDelayMs === 1_000, 'the first poll is over');
    await clock.advanceAsync(1_000);
    await eventually(() => clock.nextDelayMs === 250, 'the empty answer is doubted');
    expect(observer.sets).toHaveLength(1);
    await clock.advanceAsync(250);
    await eventually(() => observer.sets.length === 2, 'the second empty answer is believed');
    expect(registry.requests).toHaveLength(3);
  });

  it('closes the connection of the running question at once when unsubscribed, and leaves no timer', async () => {
    const { registry, clock, observer, subscription } = await stand(() => undefined);
    await eventually(() => registry.requests.length === 1, 'the question arrives');
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    await eventually(() => registry.openConnections === 0, 'the connection is closed');
    expect(observer.calls).toBe(0);
  });
});
