import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { ConfigError, type Plugin, readConfiguration } from '@ocelot/core';
import { describe, expect, it, onTestFinished } from 'vitest';

import { dryRun } from '../src/dry-run.js';
import { loadPlugins } from '../src/load-plugins.js';
import { supportedKeys } from '../src/supported-keys.js';

/** Somebody who notes every connection: whatever a configuration may name. */
async function listener(): Promise<{ readonly port: number; readonly connections: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.on('error', () => undefined).destroy();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, connections: () => count };
}

const route = (port: number, gateway: object = {}): object => ({
  UpstreamPathTemplate: '/room',
  DownstreamPathTemplate: '/room',
  DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
  AuthenticationOptions: { AuthenticationProviderKeys: ['Bearer'] },
  RateLimitOptions: { EnableRateLimiting: true, Limit: 5, Period: '1m' },
  QoSOptions: { MinimumThroughput: 3, BreakDuration: 1000 },
  Gateway: gateway,
});

async function dryRunOf(routes: object, Gateway: object, own: readonly Plugin[] = []) {
  const plugins = [...(await loadPlugins({ cwd: '/nowhere' })).plugins, ...own];
  const config = readConfiguration(
    { Routes: [routes], GlobalConfiguration: { Gateway } },
    { supportedKeys: supportedKeys(plugins) },
  );
  return { config, gateway: await dryRun(config, plugins) };
}

describe('dryRun', () => {
  it('connects to nothing that a configuration names: issuer, store, collector, endpoints', async () => {
    const { port, connections } = await listener();
    const url = `http://127.0.0.1:${port}`;
    const health = { Resilience: { HealthCheck: { Type: 'tcp', IntervalMs: 100 } } };
    const { config, gateway } = await dryRunOf(route(port, health), {
      Authentication: { Providers: { Bearer: { Type: 'Jwt', JwksUrl: `${url}/keys`, Audience: ['a'] } } },
      RateLimit: { Store: { Type: 'redis', Url: `redis://127.0.0.1:${port}` } },
      Telemetry: { Traces: true, Metrics: true, Otlp: { Endpoint: url } },
    });
    expect(config.warnings).toEqual([]);
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    expect(connections()).toBe(0);
  });

  it('finds what only a plugin knows to be wrong', async () => {
    const unknown = { Authentication: { Providers: { Bearer: { Type: 'Passport' } } } };
    await expect(dryRunOf(route(1), unknown)).rejects.toThrow(ConfigError);
  });

  it('registers no calls and no guards, and tells no telemetry', async () => {
    let isTold = false;
    const calls: string[] = [];
    const plugin: Plugin = {
      name: 'own',
      setup(registry) {
        expect(registry.host.isTrial).toBe(true);
        registry.telemetry({ record: () => (isTold = true) });
        registry.control({
          method: 'GET',
          path: '/own',
          description: '',
          handle: () => Promise.reject(new Error('no')),
        });
        registry.guard({
          name: 'own',
          forRoute: () => {
            calls.push('made');
            return {
              filter: (candidates) => candidates,
              endpoints: () => void calls.push('told of endpoints'),
              close: () => void calls.push('closed'),
            };
          },
        });
      },
    };
    const { gateway } = await dryRunOf({ ...route(1), AuthenticationOptions: {} }, {}, [plugin]);
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    expect(gateway.controls).toEqual([]);
    expect(calls).toEqual(['made', 'closed']);
    expect(isTold).toBe(false);
  });
});
