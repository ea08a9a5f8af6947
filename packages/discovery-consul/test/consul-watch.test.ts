import type { JsonObject } from '@ocelot/core';
import { FakeClock, MemoryLogger, ObserverLog } from '@ocelot/core/testing';
import { eventually } from '@ocelot/test-support';
import { afterEach, describe, expect, it } from 'vitest';

import { ConsulProvider } from '../src/index.js';
import { answer, entry, type RegistryScript, ScriptedRegistry } from './scripted-registry.js';

const running: { stop(): void | Promise<void> }[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

/** A watch of the service `web` in a registry that behaves as scripted; the clock is the test's. */
async function stand(script: RegistryScript, more: JsonObject = {}) {
  const registry = await ScriptedRegistry.start(script);
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const provider = new ConsulProvider({ ...registry.section, ...more }, { clock, log, random: () => 1 });
  running.push(registry, { stop: () => provider.close() });
  const observer = new ObserverLog();
  const subscription = provider.subscribe({ name: 'web', namespace: '' }, observer);
  /** Moves the clock to the end of the running pause, once there is one, and waits for the next question. */
  const next = async (questions: number): Promise<void> => {
    await eventually(async () => {
      // A running question has a limit of ten seconds or more; a pause is shorter.
      if ((clock.nextDelayMs ?? 10_000) < 10_000) await clock.advanceAsync(clock.nextDelayMs ?? 0);
      return registry.requests.length >= questions;
    }, `question ${questions} arrives`);
  };
  return { registry, clock, log, provider, observer, subscription, next };
}

describe('ConsulWatch', () => {
  it('asks again, from the beginning, before it empties a set', async () => {
    const { registry, observer, next } = await stand((_, response, number) => {
      if (number <= 3) answer(response, number === 1 ? [entry(1)] : [], number);
    });
    await next(2);
    expect(observer.sets).toHaveLength(1);
    await next(4);
    expect(observer.addresses).toEqual([]);
    expect(registry.requests.map((target) => /index=(\d+)/.exec(target)?.[1])).toEqual([
      undefined,
      '1',
      undefined,
      '3',
    ]);
  });

  it('keeps the set when the repeated answer has instances again', async () => {
    const { observer, log, next } = await stand((_, response, number) => {
      if (number <= 3) answer(response, number === 2 ? [] : [entry(1)], number);
    });
    await next(4);
    expect(observer.sets).toHaveLength(1);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['debug', 'Consul lists no instance any more: asking again'],
    ]);
  });

  it('keeps the set for five seconds of empty answers after the index went back', async () => {
    const { observer, clock, next } = await stand((_, response, number) => {
      answer(response, number === 1 ? [entry(1)] : [], number === 1 ? 900 : 3);
    });
    await next(2);
    const emptySinceMs = clock.now();
    await next(21);
    expect(observer.sets).toHaveLength(1);
    await next(24);
    expect(observer.addresses).toEqual([]);
    expect(clock.now() - emptySinceMs).toBeGreaterThanOrEqual(5_000);
  });

  it('keeps the set through failures of every kind, tells each, and tells the set again after them', async () => {
    const { observer, next } = await stand((request, response, number) => {
      if (number === 2) response.writeHead(500, { 'content-type': 'text/plain' }).end('No cluster leader');
      else if (number === 3) request.socket.destroy();
      else if (number === 4) response.writeHead(403, { 'content-type': 'text/plain' }).end('ACL not found');
      else if (number < 6) answer(response, [entry(1)], number);
    });
    await next(6);
    expect(observer.sets).toHaveLength(2);
    expect(observer.errors).toHaveLength(3);
    expect(observer.errors[0]?.message).toMatch(
      /^Consul at http:\/\/127\.0\.0\.1:\d+ answered 500 \(No cluster leader\) for the service "web"\.$/,
    );
    expect(observer.errors[2]?.message).toContain('Check Token in ServiceDiscoveryProvider');
  });

  it('warns of an instance that cannot be used when it appears, not with every answer', async () => {
    const { observer, log, next } = await stand((_, response, number) => {
      if (number < 4) answer(response, [entry(1), entry(2, 'http://bad'), ...(number === 3 ? [entry(3)] : [])], number);
    });
    await next(4);
    expect(observer.addresses).toEqual(['127.0.0.1:1', '127.0.0.1:3']);
    expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'instance "i-2" is left out: its address "http://bad" must not begin with a scheme.',
        fields: { service: 'web' },
      },
    ]);
  });

  it('tells nothing when only what is not used has changed', async () => {
    const { observer, next } = await stand((_, response, number) => {
      if (number < 4) answer(response, [{ ...entry(1), Checks: [{ Output: `at ${number}` }] }], number);
    });
    await next(4);
    expect(observer.sets).toHaveLength(1);
  });

  it('closes the connection of the running question at once when unsubscribed, and leaves no timer', async () => {
    const { registry, clock, observer, subscription } = await stand(() => undefined);
    await eventually(() => registry.requests.length > 0, 'the question arrives');
    subscription.unsubscribe();
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    await eventually(() => registry.openConnections === 0, 'the connection is closed');
    expect(observer.calls).toBe(0);
  });

  it('closes every connection when the provider is closed', async () => {
    const { registry, provider } = await stand(() => undefined);
    provider.subscribe({ name: 'other', namespace: '' }, new ObserverLog());
    await eventually(() => registry.requests.length === 2, 'both questions arrive');
    expect(registry.openConnections).toBe(2);
    await provider.close();
    await eventually(() => registry.openConnections === 0, 'the connections are closed');
  });
});
