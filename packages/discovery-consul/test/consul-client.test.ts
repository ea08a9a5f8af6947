import { inspect } from 'node:util';

import { FakeClock } from '@ocelot/core/testing';
import { eventually } from '@ocelot/test-support';
import { afterEach, describe, expect, it } from 'vitest';

import { ConsulClient } from '../src/consul-client.js';
import { readConsulSettings } from '../src/options.js';
import { TEST_CERTIFICATE, TEST_KEY } from './tls-fixture.js';
import { answer, entry, type RegistryScript, ScriptedRegistry } from './scripted-registry.js';

const running: { stop(): void | Promise<void> }[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

/** A client of a registry that behaves as scripted. */
async function stand(script: RegistryScript, more = {}, host = '127.0.0.1') {
  const registry = await ScriptedRegistry.start(script, host);
  const clock = new FakeClock();
  const client = new ConsulClient(readConsulSettings({ ...registry.section, ...more }), clock);
  running.push(registry, { stop: () => client.close() });
  const ask = (index = 0, signal = new AbortController().signal) => client.health('web', { index, signal });
  return { registry, clock, client, ask };
}

describe('ConsulClient', () => {
  it('asks for passing instances, at once from index 0 and blocking from any other', async () => {
    const { registry, ask } = await stand((_, response) => answer(response, [entry(1)], 42));
    expect(await ask()).toMatchObject({ index: 42, value: [{ Service: { Port: 1 } }] });
    await ask(42);
    expect(registry.requests).toEqual([
      '/v1/health/service/web?passing=true',
      '/v1/health/service/web?passing=true&index=42&wait=30s',
    ]);
  });

  it('sends the token as X-Consul-Token, and none when there is none', async () => {
    const tokens: unknown[] = [];
    const script: RegistryScript = ({ headers }, response) => {
      tokens.push(headers['x-consul-token']);
      answer(response, [], 1);
    };
    await (await stand(script, { Token: 'test token'.replace(' ', '-') })).ask();
    await (await stand(script)).ask();
    expect(tokens).toEqual(['test-token', undefined]);
  });

  it('leaves the token out of every error, however deeply it is looked into', async () => {
    const script: RegistryScript = (request, response, number) => {
      if (number === 1) response.writeHead(403, { 'content-type': 'text/plain' }).end('ACL not found');
      else if (number === 2) response.writeHead(200, { 'content-type': 'application/json' }).end('[{');
      else if (number === 3)
        response.writeHead(200, { 'content-length': 9 }).end('cut', () => request.socket.destroy());
      else request.socket.destroy();
    };
    const { ask, client } = await stand(script, { Token: 'top-secret' });
    for (const call of [ask, ask, ask, ask]) {
      const error: unknown = await call().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('top-secret');
    }
    client.close();
  });

  it('keeps a name that could climb up the path, or add to the query, in its place', async () => {
    const { registry, client } = await stand((_, response) => answer(response, [], 1));
    const question = { index: 0, signal: new AbortController().signal };
    await client.health('a/../b?c#d', question);
    expect(registry.requests).toEqual(['/v1/health/service/a%2F..%2Fb%3Fc%23d?passing=true']);
    for (const name of ['.', '..']) {
      await expect(client.health(name, question)).rejects.toThrow(`Consul has no service of the name ${name}.`);
    }
    expect(registry.requests).toHaveLength(1);
  });

  it('speaks to an IPv6 address', async () => {
    const { ask } = await stand((_, response) => answer(response, [], 1), {}, '::1');
    expect(await ask()).toMatchObject({ index: 1 });
  });

  it('speaks TLS, and refuses a certificate that no authority it was given has signed', async () => {
    const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };
    const registry = await ScriptedRegistry.start((_, response) => answer(response, [], 1), '127.0.0.1', tls);
    running.push(registry);
    const settings = readConsulSettings({ ...registry.section, Scheme: 'https' });
    const question = { index: 0, signal: new AbortController().signal };
    const trusting = new ConsulClient(settings, new FakeClock(), { ca: TEST_CERTIFICATE });
    const wary = new ConsulClient(settings, new FakeClock());
    running.push({ stop: () => trusting.close() }, { stop: () => wary.close() });
    expect(await trusting.health('web', question)).toMatchObject({ index: 1 });
    await expect(wary.health('web', question)).rejects.toThrow(
      /https:.* could not be asked .*: self-signed certificate\b/,
    );
  });

  it('takes an answer without an index, or with a senseless one, as index 0', async () => {
    const { ask } = await stand((_, response, number) => {
      if (number === 1) answer(response, [], undefined);
      else response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': 'soon' }).end('[]');
    });
    expect((await ask()).index).toBe(0);
    expect((await ask()).index).toBe(0);
  });

  it('gives up on an answer that does not come, and closes its connection', async () => {
    const { registry, clock, ask } = await stand(() => undefined);
    const asked = ask();
    await eventually(() => registry.requests.length > 0, 'the question arrives');
    clock.advance(10_000);
    await expect(asked).rejects.toThrow(/could not be asked for the service "web": no answer within 10 s\./);
    await eventually(() => registry.openConnections === 0, 'the connection is closed');
    expect(clock.pending).toBe(0);
  });

  it('waits longer for a blocking answer: the wait, what Consul adds to it, and ten seconds', async () => {
    const { registry, clock, ask } = await stand(() => undefined);
    const asked = ask(7);
    await eventually(() => registry.requests.length > 0, 'the question arrives');
    clock.advance(41_874);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await expect(asked).rejects.toThrow('no answer within 41.875 s.');
  });

  it('fails when an answer is cut in the middle, where the npm client alone would wait for ever', async () => {
    const { ask, clock } = await stand((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 }).write('[{"Service":');
      setTimeout(() => response.socket?.destroy(), 20);
    });
    await expect(ask()).rejects.toThrow('could not be asked for the service "web": aborted.');
    expect(clock.pending).toBe(0);
  });

  it('fails when the connection is cut before an answer', async () => {
    const { ask } = await stand((request) => request.socket.destroy());
    await expect(ask()).rejects.toThrow('could not be asked for the service "web": socket hang up.');
  });

  it('refuses an answer larger than 16 MiB', async () => {
    const { registry, ask } = await stand((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': 1 });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1_000_000)));
      };
      response.on('drain', more);
      more();
    });
    await expect(ask()).rejects.toThrow('the answer is larger than 16777216 bytes.');
    await eventually(() => registry.openConnections === 0, 'the connection is closed');
  });

  it('refuses what is not JSON, and JSON that is no list', async () => {
    const { ask } = await stand((_, response, number) => {
      if (number === 1) response.writeHead(200, { 'content-type': 'application/json' }).end('[{');
      else if (number === 2) response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    await expect(ask()).rejects.toThrow('decode (application/json) failed');
    await expect(ask()).rejects.toThrow('with something that is no list.');
    await expect(ask()).rejects.toThrow('with something that is no list.');
  });

  it('follows no redirection: the token goes to the named address only', async () => {
    const { registry, ask } = await stand((_, response) => response.writeHead(301, { location: '/elsewhere' }).end());
    await expect(ask()).rejects.toThrow('answered 301 for the service "web". Check Scheme, Host and Port');
    expect(registry.requests).toHaveLength(1);
  });

  it('ends a question and its connection at once when it is aborted, and asks none when it was before', async () => {
    const { registry, clock, ask } = await stand(() => undefined);
    const abort = new AbortController();
    const asked = ask(7, abort.signal);
    await eventually(() => registry.requests.length > 0, 'the question arrives');
    abort.abort();
    expect(clock.pending).toBe(0);
    await expect(asked).rejects.toThrow('the answer is no longer wanted');
    await eventually(() => registry.openConnections === 0, 'the connection is closed');
    await expect(ask(0, abort.signal)).rejects.toThrow('aborted');
    expect(registry.requests).toHaveLength(1);
  });
});
