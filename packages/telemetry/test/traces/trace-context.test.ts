import { TraceFlags } from '@opentelemetry/api';
import type { Plugin } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { spanStands } from './span-stand.js';

const { stand, traced, spans, span } = spanStands();
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the trace of a caller', () => {
  it('is continued, and handed on with the baggage', async () => {
    const { get, seen } = await traced();
    await get('/api/a', { traceparent: PARENT, tracestate: 'vendor=1', baggage: 'tenant=7' });
    const server = await span('GET /api/{everything}');
    expect(server.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(server.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(seen()).toMatchObject({
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${server.spanContext().spanId}-01`,
      tracestate: 'vendor=1',
      baggage: 'tenant=7',
    });
  });

  it('is only linked to where its sender is not trusted, and its tracestate goes no further', async () => {
    const { get, seen } = await traced({ telemetry: { TrustParent: 'proxies' } });
    await get('/api/a', { traceparent: PARENT, tracestate: 'vendor=1' });
    const server = await span('GET /api/{everything}');
    expect(server.parentSpanContext).toBeUndefined();
    expect(server.links[0]?.context.spanId).toBe('b7ad6b7169203331');
    expect(seen()['traceparent']).toContain(server.spanContext().traceId);
    expect(seen()['tracestate']).toBeUndefined();
  });

  it('is continued for a peer in TrustedProxies', async () => {
    const { get } = await traced({
      telemetry: { TrustParent: 'proxies' },
      gateway: { TrustedProxies: ['127.0.0.1'] },
    });
    await get('/api/a', { traceparent: PARENT });
    expect((await span('GET /api/{everything}')).spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it('that says not to record is not recorded, and says so to the backend', async () => {
    const { get, seen } = await traced();
    await get('/api/a', { traceparent: PARENT.replace(/01$/, '00') });
    expect(seen()['traceparent']).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[\da-f]{16}-00$/);
    expect(spans()).toEqual([]);
  });

  it.each(['', 'garbage', `${PARENT}, ${PARENT}`, '00-00000000000000000000000000000000-b7ad6b7169203331-01'])(
    'that cannot be read (%j) is none (W3C Trace Context §3.2)',
    async (traceparent) => {
      const { get, seen } = await traced();
      await get('/api/a', { traceparent });
      const server = await span('GET /api/{everything}');
      expect(server.parentSpanContext).toBeUndefined();
      expect(server.links).toEqual([]);
      expect(seen()['traceparent']).toBe(
        `00-${server.spanContext().traceId}-${server.spanContext().spanId}-0${TraceFlags.SAMPLED}`,
      );
    },
  );
});

describe('which routes', () => {
  it('UseTracing switches tracing on for one route, as in Ocelot', async () => {
    const { get, open, echo } = await stand({
      telemetry: {},
      routes: [{ HttpHandlerOptions: { UseTracing: true } }, {}],
    });
    await get('/api/a');
    const client = await open('/chat/a');
    expect(echo.requests[0]?.headers['traceparent']).toMatch(/^00-/);
    client.destroy();
  });

  it('Traces: false on a route switches it off, and what the client sent passes as it is', async () => {
    const { get, seen } = await traced({ routes: [{}, { Gateway: { Telemetry: { Traces: false } } }] });
    await get('/api/a', { traceparent: PARENT, tracestate: 'vendor=1' });
    expect(seen()).toMatchObject({ traceparent: PARENT, tracestate: 'vendor=1' });
    expect(spans()).toEqual([]);
  });

  it('{TraceId} is the id of the trace in header transforms', async () => {
    const { get, seen } = await traced({ routes: [{}, { UpstreamHeaderTransform: { 'X-Trace': '{TraceId}' } }] });
    await get('/api/a');
    const server = await span('GET /api/{everything}');
    expect(seen()['x-trace']).toBe(server.spanContext().traceId);
  });

  it('is on the log lines of the exchange', async () => {
    const speak: Plugin = {
      name: 'speak',
      setup: (registry) =>
        registry.stage({
          name: 'speak',
          phase: 'authorize',
          forRoute: () => (exchange) => exchange.log.info({}, 'here'),
        }),
    };
    const { get, log } = await traced({ plugins: [speak] });
    await get('/api/a');
    const { traceId } = (await span('GET /api/{everything}')).spanContext();
    expect(log.lines.find(({ message }) => message === 'here')?.fields).toMatchObject({ route: 'api', traceId });
  });
});
