import { describe, expect, it } from 'vitest';

import {
  ConfigError,
  type ControlEndpoint,
  createConnectionLedger,
  type GatewayEvent,
  type Plugin,
  type PluginHost,
} from '../../src/index.js';
import { PluginRegistry } from '../../src/runtime/registry.js';
import { FakeClock, MemoryLogger } from '../../src/testing/index.js';

const policy = () => ({
  pick: () => {
    throw new Error('not used');
  },
});

const registryWith = (log = new MemoryLogger()): PluginRegistry =>
  new PluginRegistry({ clock: new FakeClock(), log, random: () => 0.5, ledger: createConnectionLedger() });

const call = (path: string, method: ControlEndpoint['method'] = 'GET'): ControlEndpoint => ({
  method,
  path,
  description: 'for a test',
  handle: () => ({ status: 200, contentType: 'text/plain', body: '' }),
});

describe('PluginRegistry', () => {
  it('finds a name without regard to case, as Ocelot finds a Type', async () => {
    const registry = registryWith();
    await registry.add({ name: 'mine', setup: (to) => to.balancing('MyPolicy', policy) });
    expect(registry.balancing.get('mypolicy')).toBe(policy);
    expect(registry.balancing.names).toEqual(['MyPolicy']);
  });

  it('refuses a second claim on a name, naming both plugins', async () => {
    const registry = registryWith();
    const claim = (name: string): Plugin => ({ name, setup: (to) => to.balancing('Same', policy) });
    await registry.add(claim('first'));
    await expect(registry.add(claim('second'))).rejects.toThrow(
      'plugin second: the load balancer type "Same" is registered already, by the plugin first.',
    );
  });

  it('names the plugin whose setup fails, and keeps the cause', async () => {
    const fault = new Error('no licence');
    const adding = registryWith().add({ name: 'paid', setup: () => Promise.reject(fault) });
    await expect(adding).rejects.toBeInstanceOf(ConfigError);
    await expect(adding).rejects.toMatchObject({ message: 'plugin paid: its setup failed: no licence', cause: fault });
  });

  it('lends each plugin clock, randomness, ledger, and a log that names it', async () => {
    const log = new MemoryLogger();
    let host: PluginHost | undefined;
    await registryWith(log).add({ name: 'mine', setup: (to) => void (host = to.host) });
    expect(host?.random()).toBe(0.5);
    expect(host?.member).toBeUndefined();
    host?.log.info({}, 'here');
    expect(log.lines).toMatchObject([{ message: 'here', fields: { plugin: 'mine' } }]);
  });

  it('hands what a plugin records to every sink, also when one of them throws', async () => {
    const log = new MemoryLogger();
    const registry = registryWith(log);
    const told: GatewayEvent[] = [];
    let host: PluginHost | undefined;
    await registry.add({
      name: 'mine',
      setup: (to) => {
        host = to.host;
        to.telemetry({
          record: () => {
            throw new Error('disk full');
          },
        });
        to.telemetry({ record: (event) => told.push(event) });
      },
    });
    host?.record({ type: 'drain.started', sessions: 0 });
    expect(told).toEqual([{ type: 'drain.started', sessions: 0 }]);
    expect(log.lines.map(({ message }) => message)).toEqual(['a telemetry sink failed']);
  });

  it('tells a sink nothing while it does not listen, and knows when nobody does', async () => {
    const registry = registryWith();
    let told = 0;
    const sink = { isListening: false, record: () => void (told += 1) };
    await registry.add({ name: 'mine', setup: (to) => to.telemetry(sink) });
    registry.record({ type: 'drain.started', sessions: 0 });
    expect({ told, hasTelemetry: registry.hasTelemetry }).toEqual({ told: 0, hasTelemetry: false });
    sink.isListening = true;
    registry.record({ type: 'drain.started', sessions: 0 });
    expect({ told, hasTelemetry: registry.hasTelemetry }).toEqual({ told: 1, hasTelemetry: true });
  });

  it('refuses a control endpoint whose method and path are taken, whatever its placeholders are called', async () => {
    const registry = registryWith();
    const claim = (name: string, endpoint: ControlEndpoint): Plugin => ({ name, setup: (to) => to.control(endpoint) });
    await registry.add(claim('one', call('/sessions/{id}/token')));
    await registry.add(claim('two', call('/sessions/{id}/token', 'POST')));
    await expect(registry.add(claim('three', call('/sessions/{name}/token')))).rejects.toThrow(
      'plugin three: the control endpoint "GET /sessions/{}/token" is registered already, by the plugin one.',
    );
    expect(registry.controls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /sessions/{id}/token',
      'POST /sessions/{id}/token',
    ]);
  });

  it.each(['metrics', '/', '/a//b', '/a/', '/x{id}', '/a?b', ''])(
    'refuses %j as path of a control endpoint',
    async (path) => {
      await expect(registryWith().add({ name: 'mine', setup: (to) => to.control(call(path)) })).rejects.toThrow(
        'is no path of a control endpoint',
      );
    },
  );
});
