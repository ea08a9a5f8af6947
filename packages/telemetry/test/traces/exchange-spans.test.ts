import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Plugin } from '@ocelot/core';
import { eventually, rawClient } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { leave, talk } from '../telemetry-stand.js';
import { spanStands } from './span-stand.js';

const { stand, traced, spans, span } = spanStands();
/** Nothing listens there: the discard service is off everywhere. */
const DEAD = { Host: '127.0.0.1', Port: 9 };

describe('an HTTP request', () => {
  it('is one server span by the HTTP conventions, with a client span for its attempt', async () => {
    const { get, seen } = await traced();
    await get('/api/things?token=secret');
    const server = await span('GET /api/{everything}');
    expect(server.kind).toBe(SpanKind.SERVER);
    expect(server.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/api/{everything}',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'url.path': '/api/{everything}',
      'server.address': '127.0.0.1',
      'network.protocol.name': 'http',
    });
    expect(server.status.code).toBe(SpanStatusCode.UNSET);
    const attempt = await span('GET', SpanKind.CLIENT);
    expect(attempt.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
    expect(attempt.attributes).toMatchObject({ 'server.address': '127.0.0.1', 'http.response.status_code': 200 });
    const { traceId, spanId } = server.spanContext();
    expect(seen()['traceparent']).toBe(`00-${traceId}-${spanId}-01`);
  });

  it('never shows the query, and path and client only where that is asked for', async () => {
    const { get } = await traced({ telemetry: { UrlPath: true, ClientAddress: true } });
    await get('/api/things?token=secret');
    const { attributes } = await span('GET /api/{everything}');
    expect(attributes).toMatchObject({ 'url.path': '/api/things', 'client.address': '127.0.0.1' });
    const quiet = await traced();
    await quiet.get('/api/others?token=secret');
    await eventually(() => spans().length >= 4, 'both requests are told');
    expect(JSON.stringify(spans().map((one) => one.attributes))).not.toMatch(/secret|others/);
  });

  it('is an error when the answer is 5xx, and none when it is 4xx', async () => {
    const { get } = await traced();
    await get('/api/a?status=503');
    await get('/api/a?status=404');
    const both = await eventually(() => {
      const ended = spans().filter(({ kind }) => kind === SpanKind.SERVER);
      return ended.length === 2 ? ended : undefined;
    }, 'both requests are told');
    const codes = both.map(({ attributes, status }) => [attributes['http.response.status_code'], status.code]);
    expect(codes).toEqual([
      [503, SpanStatusCode.ERROR],
      [404, SpanStatusCode.UNSET],
    ]);
    expect(both[0]?.attributes['error.type']).toBe('503');
  });

  it('that no route answers is a span too', async () => {
    const { get } = await traced();
    await get('/nowhere');
    const { attributes } = await span('GET');
    expect(attributes).toMatchObject({ 'http.response.status_code': 404, 'error.type': 'OCELOT_ERR_ROUTE_NOT_FOUND' });
  });

  it('with a method of its own is named HTTP (OpenTelemetry HTTP conventions)', async () => {
    const { get } = await traced();
    await get('/api/a', {}, 'PROPFIND');
    expect((await span('HTTP /api/{everything}')).attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
  });
});

describe('a connection', () => {
  it('is one span to its end, with a handshake that ends at the 101', async () => {
    const { open } = await traced();
    const client = await open('/chat/a', { 'Sec-WebSocket-Protocol': 'v1' });
    const handshake = await span('handshake');
    expect(handshake.attributes).toMatchObject({
      'http.response.status_code': 101,
      'ocelot.websocket.subprotocol': 'v1',
      'http.route': '/chat/{room}',
    });
    expect(spans().map(({ name }) => name)).toEqual(['GET', 'handshake']);
    await talk(client, 'hello');
    await leave(client, 1000);
    const whole = await span('GET /chat/{room}');
    expect(handshake.parentSpanContext?.spanId).toBe(whole.spanContext().spanId);
    expect((await span('GET')).parentSpanContext?.spanId).toBe(handshake.spanContext().spanId);
    expect(whole.attributes).toMatchObject({
      'network.protocol.name': 'websocket',
      'ocelot.side': 'client',
      'ocelot.close_code': 1000,
      'ocelot.messages.to_backend': 1,
      'ocelot.messages.to_client': 1,
    });
    expect(whole.events.map(({ name }) => name)).toEqual(['close']);
    expect(whole.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('is two spans where LongSpans is split: the request, and its child for the open socket', async () => {
    const { open } = await traced({ telemetry: { LongSpans: 'split' } });
    const client = await open('/chat/a');
    const request = await span('GET /chat/{room}');
    expect(request.attributes['http.response.status_code']).toBe(101);
    await leave(client, 1000);
    const socket = await span('websocket');
    expect(socket.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(socket.attributes).toMatchObject({ 'ocelot.route': 'chat', 'ocelot.close_code': 1000 });
  });

  it('that is refused ends with its status', async () => {
    const { port } = await traced({ gateway: { AllowedOrigins: ['https://a.test'] } });
    const client = await rawClient(port);
    await client.upgrade({ target: '/chat/a', headers: { Origin: 'https://b.test' } });
    client.destroy();
    const refused = await span('GET /chat/{room}');
    expect(refused.attributes).toMatchObject({
      'http.response.status_code': 403,
      'error.type': 'OCELOT_ERR_FORBIDDEN',
    });
    expect(refused.status.code).toBe(SpanStatusCode.UNSET);
    expect((await span('handshake')).attributes['http.response.status_code']).toBe(403);
  });

  it('whose backend is lost is an error', async () => {
    const { open, echo } = await traced();
    const client = await open('/chat/a');
    for (const socket of echo.sockets) socket.terminate();
    await client.readFrame();
    client.destroy();
    const lost = await span('GET /chat/{room}');
    expect(lost.attributes['error.type']).toBe('OCELOT_ERR_BACKEND_LOST');
    expect(lost.status.code).toBe(SpanStatusCode.ERROR);
  });

  it('notes limits and the drain on its way', async () => {
    let exchangeId = '';
    const watch: Plugin = {
      name: 'watch',
      setup: (registry) =>
        registry.telemetry({
          record(event) {
            if (event.type === 'session.opened') exchangeId = event.exchangeId;
          },
        }),
    };
    const { gateway, open } = await traced({ plugins: [watch] });
    const client = await open('/chat/a');
    await span('handshake');
    gateway.record({
      type: 'limit.reached',
      exchangeId,
      routeId: 'chat',
      limit: 'messages',
      action: 'pause',
      direction: 'to-backend',
    });
    const drained = gateway.drain({ deadlineMs: 2000, spreadMs: 0 });
    await client.readFrame();
    client.destroy();
    await drained;
    const { events } = await span('GET /chat/{room}');
    expect(events.map(({ name }) => name)).toEqual(['limit', 'drain', 'close']);
    expect(events[0]?.attributes).toEqual({ 'ocelot.limit': 'messages', 'ocelot.action': 'pause' });
  });

  it('that is under way notes the breaker of its route', async () => {
    const wait: Plugin = {
      name: 'wait',
      setup: (registry) =>
        registry.stage({
          name: 'wait',
          phase: 'authorize',
          forRoute: (route) => () => {
            registry.host.record({
              type: 'breaker.changed',
              routeId: route.id,
              endpoint: undefined,
              state: 'half-open',
            });
            registry.host.record({ type: 'breaker.changed', routeId: 'other', endpoint: undefined, state: 'open' });
          },
        }),
    };
    const { open } = await traced({ plugins: [wait] });
    await leave(await open('/chat/a'), 1000);
    const { events } = await span('GET /chat/{room}');
    expect(events.map(({ name, attributes }) => [name, attributes?.['ocelot.state']])).toEqual([
      ['breaker', 'half-open'],
      ['close', undefined],
    ]);
  });

  it('shows a share of its messages, without a byte of them, where MessageEvents says so', async () => {
    const { open } = await traced({ telemetry: { MessageEvents: 1 } });
    const client = await open('/chat/a');
    await talk(client, 'hello');
    await leave(client, 1000);
    const { events } = await span('GET /chat/{room}');
    expect(events.map(({ name, attributes }) => [name, attributes?.['ocelot.direction']])).toEqual([
      ['message', 'to-backend'],
      ['message', 'to-client'],
      ['close', undefined],
    ]);
    expect(events[0]?.attributes).toEqual({
      'ocelot.direction': 'to-backend',
      'ocelot.message.type': 'text',
      'ocelot.message.size': 5,
    });
  });
});

describe('an attempt', () => {
  it('that fails is an error of its own, and the next one counts what was tried before', async () => {
    const other = await stand();
    const { open } = await traced({
      routes: [{ DownstreamHostAndPorts: [DEAD, { Host: '127.0.0.1', Port: other.echo.port }] }],
    });
    await open('/chat/a');
    await span('handshake');
    const [failed, answered] = spans().filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(failed?.attributes).toMatchObject({
      'server.port': DEAD.Port,
      'error.type': 'OCELOT_ERR_BACKEND_UNREACHABLE',
    });
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
    expect(answered?.attributes).toMatchObject({ 'http.request.resend_count': 1, 'http.response.status_code': 101 });
  });

  it('that fails as the last one tells why too, before the span of the request ends', async () => {
    const { get } = await traced({ routes: [{}, { DownstreamHostAndPorts: [DEAD] }] });
    expect(await get('/api/a')).toBe(502);
    const failed = await span('GET', SpanKind.CLIENT);
    expect(failed.attributes).toMatchObject({ 'error.type': 'OCELOT_ERR_BACKEND_UNREACHABLE' });
    expect(failed.status.code).toBe(SpanStatusCode.ERROR);
    await span('GET /api/{everything}', SpanKind.SERVER);
    expect(spans().map(({ kind }) => kind)).toEqual([SpanKind.CLIENT, SpanKind.SERVER]);
  });
});
