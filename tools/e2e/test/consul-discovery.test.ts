// Situation: a route names a service of a real Consul, whose instances come and go.
// Action: clients connect through the built command all the while.
// Expected: once a change is seen, no connect fails; open sockets stay; Consul may restart meanwhile.
import { consulAvailable, echoBackend, startConsul, type EchoBackend, type TestConsul } from '@ocelot/test-support';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { endpointsKnown } from '../src/known-endpoints.js';
import { runOcelot, type RunningOcelot } from '../src/run-ocelot.js';
import { talk } from '../src/talk.js';

describe.runIf(await consulAvailable())('a route with a ServiceName', () => {
  let consul: TestConsul;
  let gateway: RunningOcelot;
  const backends: EchoBackend[] = [];

  beforeAll(async () => {
    consul = await startConsul();
  });

  afterAll(() => consul.stop());

  async function instance(name: string): Promise<EchoBackend> {
    const started = await echoBackend({ name: `${name}:` });
    backends.push(started);
    await consul.register({ id: name, name: 'chat', address: '127.0.0.1', port: started.port });
    return started;
  }

  const seen = (...instances: EchoBackend[]): Promise<void> => endpointsKnown(gateway, instances);

  beforeEach(async () => {
    gateway = await runOcelot({
      Routes: [
        {
          UpstreamPathTemplate: '/',
          DownstreamPathTemplate: '/ws',
          DownstreamScheme: 'ws',
          ServiceName: 'chat',
          LoadBalancerOptions: { Type: 'RoundRobin' },
        },
      ],
      GlobalConfiguration: { ServiceDiscoveryProvider: { Host: '127.0.0.1', Port: consul.port, Type: 'Consul' } },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    for (const name of ['a', 'b', 'c']) await consul.deregister(name);
    await Promise.all(backends.splice(0).map((each) => each.close()));
  });

  async function whoAnswers(count: number): Promise<Set<string>> {
    const names = new Set<string>();
    for (let index = 0; index < count; index++) {
      const client = await talk(`ws://${gateway.authority}/`);
      names.add(await client.ask(''));
      await client.close();
    }
    return names;
  }

  it('answers 503 while the service has no instance, and connects once one comes', async () => {
    await expect(talk(`ws://${gateway.authority}/`)).rejects.toMatchObject({ status: 503 });
    await seen(await instance('a'));
    expect(await whoAnswers(2)).toEqual(new Set(['a:']));
  });

  it('follows instances that come and go, without one failed connect after the change is seen', async () => {
    const a = await instance('a');
    const b = await instance('b');
    await seen(a, b);
    expect(await whoAnswers(4)).toEqual(new Set(['a:', 'b:']));
    const c = await instance('c');
    await consul.deregister('a');
    await seen(b, c);
    await a.close();
    expect(await whoAnswers(6)).toEqual(new Set(['b:', 'c:']));
    await consul.deregister('b');
    await seen(c);
    await b.close();
    expect(await whoAnswers(3)).toEqual(new Set(['c:']));
  });

  it('keeps an open socket when its instance leaves the registry', async () => {
    const a = await instance('a');
    await seen(a);
    const client = await talk(`ws://${gateway.authority}/`);
    const b = await instance('b');
    await consul.deregister('a');
    await seen(b);
    expect(await client.ask('still here')).toBe('a:still here');
    await client.close();
  });

  it('keeps the last known instances while Consul restarts, and follows again afterwards', async () => {
    const a = await instance('a');
    await seen(a);
    await consul.restart();
    expect(await whoAnswers(2)).toEqual(new Set(['a:']));
    await consul.register({ id: 'a', name: 'chat', address: '127.0.0.1', port: a.port });
    const b = await instance('b');
    await seen(a, b);
    expect(await whoAnswers(4)).toEqual(new Set(['a:', 'b:']));
  });
});
