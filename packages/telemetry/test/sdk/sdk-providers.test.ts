import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createGateway, type Plugin, readConfiguration } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { telemetry } from '../../src/index.js';
import { leave, stands, talk } from '../telemetry-stand.js';

interface Delivery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const stand = stands();
let collector: Server;
let deliveries: Delivery[];
let status: number;
let endpoint: string;

beforeEach(async () => {
  deliveries = [];
  status = 200;
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const body = Buffer.concat(chunks).toString();
      if (status === 200) deliveries.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(status, { 'content-type': 'application/json' }).end(status === 200 ? '{}' : 'the key s3cret');
    });
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});

afterEach(async () => {
  delete process.env['TEST_COLLECTOR'];
  collector.closeAllConnections();
  await new Promise((resolve) => {
    collector.close(resolve);
  });
});

/** The spans of OTLP's JSON (opentelemetry-proto, trace/v1). */
interface TracesData {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: object }[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly { readonly name: string; readonly kind: number; readonly traceId: string }[];
    }[];
  }[];
}

interface MetricsData {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

describe('OTLP over HTTP', () => {
  it('carries spans and metrics to a collector, what is left at the end too', async () => {
    process.env['TEST_COLLECTOR'] = 'api-key=s3cret';
    const { gateway, open, log } = await stand({
      telemetry: {
        Traces: true,
        Metrics: true,
        ServiceName: 'edge',
        Resource: { 'deployment.environment.name': 'test' },
        Otlp: { Endpoint: endpoint, HeadersEnv: 'TEST_COLLECTOR' },
      },
    });
    const client = await open('/chat/a');
    await talk(client, 'hello');
    await leave(client, 1000);
    await gateway.drain({ deadlineMs: 0 });

    const traces = deliveries.filter(({ path }) => path === '/v1/traces');
    expect(traces[0]?.headers['api-key']).toBe('s3cret');
    const spans = traces.flatMap(({ body }) => (JSON.parse(body) as TracesData).resourceSpans);
    const names = spans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans.map(({ name }) => name)));
    expect(names.toSorted()).toEqual(['GET', 'GET /chat/{room}', 'handshake']);
    expect(spans[0]?.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'service.name', value: { stringValue: 'edge' } },
        { key: 'deployment.environment.name', value: { stringValue: 'test' } },
      ]),
    );
    const metrics = deliveries.filter(({ path }) => path === '/v1/metrics').at(-1);
    const { resourceMetrics } = JSON.parse(metrics?.body ?? '{}') as MetricsData;
    const told = resourceMetrics.flatMap((one) => one.scopeMetrics.flatMap((scope) => scope.metrics));
    expect(told.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['ocelot.websocket.closes', 'ocelot.websocket.messages', 'process.memory.usage']),
    );
    expect(JSON.stringify(log.lines)).not.toContain('s3cret');
  });

  it('tells once that a collector does not take them, without its words, and goes on', async () => {
    status = 400;
    const { gateway, get, log } = await stand({ telemetry: { Traces: true, Otlp: { Endpoint: endpoint } } });
    await get('/api/a');
    await gateway.drain({ deadlineMs: 0 });
    const lines = log.lines.filter(({ message }) => message.startsWith('telemetry cannot be delivered'));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({ dependency: 'otlp-traces' });
    expect(JSON.stringify(log.lines)).not.toContain('s3cret');
  });

  it('holds the end of the gateway for three seconds at most when the collector is silent', async () => {
    collector.removeAllListeners('request');
    const asked = once(collector, 'request');
    const clock = new FakeClock();
    const { gateway, get, log } = await stand({ clock, telemetry: { Traces: true, Otlp: { Endpoint: endpoint } } });
    await get('/api/a');
    let isOver = false;
    const drained = gateway.drain({ deadlineMs: 0 }).then(() => (isOver = true));
    await asked;
    await clock.advanceAsync(2999);
    expect(isOver).toBe(false);
    await clock.advanceAsync(1);
    await drained;
    const line = log.lines.find(({ message }) => message === 'the last telemetry was not delivered');
    expect(line?.fields).toMatchObject({ what: 'traces', cause: 'not within 3000 ms' });
    collector.closeAllConnections();
  });

  it('is not spoken in a trial, which finds what is wrong all the same', async () => {
    const trial: Plugin = {
      name: 'trial',
      setup: (registry) =>
        telemetry().setup({
          ...registry,
          stage() {},
          tap() {},
          control() {},
          host: { ...registry.host, isTrial: true },
        }),
    };
    const section = { Traces: true, Metrics: true, Otlp: { Endpoint: endpoint } };
    const config = readConfiguration({ Routes: [], GlobalConfiguration: { Gateway: { Telemetry: section } } });
    const gateway = await createGateway({ config, plugins: [trial] });
    const broken = { ...section, Otlp: { Endpoint: 'nowhere' } };
    const wrong = readConfiguration({ Routes: [], GlobalConfiguration: { Gateway: { Telemetry: broken } } });
    await expect(gateway.reload(wrong)).rejects.toThrow(/no URL/);
    await gateway.drain({ deadlineMs: 0 });
    expect(deliveries).toEqual([]);
  });

  it('makes ids without a collector, and says that spans go nowhere', async () => {
    const { get, seen, log } = await stand({ telemetry: { Traces: true } });
    await get('/api/a');
    expect(seen()['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
    expect(log.lines.map(({ message }) => message)).toContain(
      'traces have ids, but are sent nowhere: Gateway.Telemetry.Otlp.Endpoint is not set',
    );
  });

  it('refuses metrics that would go nowhere', async () => {
    await expect(stand({ telemetry: { Metrics: true } })).rejects.toThrow(/they go nowhere.*Prometheus/s);
  });
});
