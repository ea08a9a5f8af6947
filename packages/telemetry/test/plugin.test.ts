import { createRequire } from 'node:module';

import type { Plugin, Telemetry } from '@ocelot/core';
import { eventually } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { telemetry } from '../src/index.js';
import { stands } from './telemetry-stand.js';

const stand = stands();

/** OpenTelemetry's packages are CommonJS: what was loaded of them is in the cache of `require`. */
const loaded = (): string[] =>
  Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('/node_modules/@opentelemetry/'));

describe('telemetry', () => {
  // The first test of the file: nothing else may have loaded the libraries.
  it('loads nothing of OpenTelemetry, runs no stage and asks for no event until a configuration wants it', async () => {
    const { config, gateway, get, metrics, seen } = await stand();
    await get('/api/a', { traceparent: 'as it is' });
    expect(loaded()).toEqual([]);
    expect(seen()['traceparent']).toBe('as it is');
    expect((await metrics()).status).toBe(404);

    await gateway.reload(config({ Prometheus: true }));
    expect(loaded()).not.toEqual([]);
    await get('/api/a');
    expect((await metrics()).status).toBe(200);
  });

  it('goes on counting over a reload, and stops when it is switched off', async () => {
    const { config, gateway, get, metrics, samples } = await stand({ telemetry: { Prometheus: true } });
    await get('/api/a');
    await gateway.reload(config({ Prometheus: true, MaxSeries: 100 }));
    await get('/api/a');
    const bytes = await eventually(async () => {
      const all = await samples('ocelot_http_io_bytes_total');
      return all['{ocelot_route="api",ocelot_direction="to-client"}'] === 12 ? all : undefined;
    }, 'both answers are counted');
    expect(Object.keys(bytes)).toHaveLength(2);
    await gateway.reload(config(undefined));
    expect((await metrics()).status).toBe(404);
    expect(await get('/api/a')).toBe(200);
  });

  it('listens to the gateway only while a configuration or an open socket wants it', async () => {
    let sink: Telemetry | undefined;
    const watched: Plugin = {
      name: 'watched',
      setup: (registry) =>
        telemetry().setup({
          ...registry,
          stage: (definition) => registry.stage({ ...definition, name: `watched ${definition.name}` }),
          tap: (definition) => registry.tap({ ...definition, name: 'watched' }),
          control: () => undefined,
          telemetry(own) {
            sink = own;
            registry.telemetry(own);
          },
        }),
    };
    const { config, gateway, open } = await stand({ plugins: [watched] });
    expect(sink?.isListening).toBe(false);
    await gateway.reload(config({ Prometheus: true }));
    expect(sink?.isListening).toBe(true);
    const client = await open('/chat/a');
    await gateway.reload(config(undefined));
    expect(sink?.isListening).toBe(true);
    client.destroy();
    await eventually(() => sink?.isListening === false, 'nobody listens once the socket is gone');
    const broken = config({ Prometheus: true, Otlp: { HeadersEnv: 'NOT_SET' } });
    await expect(gateway.reload(broken)).rejects.toThrow('NOT_SET');
    expect(sink?.isListening).toBe(false);
  });

  it('knows sockets that were open before a reload', async () => {
    const { config, gateway, open, samples } = await stand({ telemetry: { Prometheus: true } });
    const client = await open('/chat/a');
    await gateway.reload(config({ Prometheus: true, MaxSeries: 100 }));
    expect(await samples('ocelot_websocket_connections')).toEqual({ '{ocelot_route="chat"}': 1 });
    client.destroy();
    await eventually(
      async () => (await samples('ocelot_websocket_connections'))['{ocelot_route="chat"}'] === 0,
      'the socket is closed',
    );
  });

  it('leaves a route out that says so', async () => {
    const { get, samples } = await stand({
      telemetry: { Prometheus: true },
      routes: [{}, { Gateway: { Telemetry: { Metrics: false } } }],
    });
    await get('/api/a');
    expect(await samples('http_server_request_duration_seconds_count')).toEqual({});
  });

  it('counts what is beyond MaxSeries together, and says so once', async () => {
    const { gateway, log, samples } = await stand({ telemetry: { Prometheus: true, MaxSeries: 10 } });
    for (let index = 0; index < 20; index += 1) {
      gateway.record({ type: 'dependency.changed', name: `store-${index}`, isUp: true, error: undefined });
      gateway.record({
        type: 'limit.reached',
        exchangeId: '',
        routeId: `route-${index}`,
        limit: 'bytes',
        action: 'drop',
        direction: undefined,
      });
    }
    const limits = await samples('ocelot_limits_total');
    expect(Object.keys(limits)).toHaveLength(11);
    expect(limits['{otel_metric_overflow="true"}']).toBe(10);
    const lines = log.lines.filter(({ message }) => message.startsWith('a metric has too many series'));
    expect(lines.map(({ fields }) => fields['metric'])).toEqual(['ocelot.dependency.up', 'ocelot.limits']);
  });

  it('says when nobody can ask for /metrics', async () => {
    const silent = await stand({ telemetry: { Prometheus: true }, gateway: { Admin: { Port: 0 } } });
    const told = await stand({ telemetry: { Prometheus: true } });
    const lines = [silent, told].map(({ log }) =>
      log.lines.filter(({ message }) => message.startsWith('Prometheus is')),
    );
    expect(lines.map((list) => list.length)).toEqual([0, 1]);
  });
});
