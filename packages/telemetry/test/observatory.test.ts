import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { type Endpoint, readConfiguration } from '@ocelot/core';
import { closeFrame, eventually, rawClient } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { leave, stands, talk } from './telemetry-stand.js';

const stand = stands();
const ON = { telemetry: { Prometheus: true } };

describe('sockets', () => {
  it('counts open ones by route, and what they carry while they are open', async () => {
    const { open, samples } = await stand(ON);
    const client = await open('/chat/a');
    await talk(client, 'hello');
    await talk(client, 'you');
    expect(await samples('ocelot_websocket_connections')).toEqual({ '{ocelot_route="chat"}': 1 });
    expect(await samples('ocelot_websocket_messages_total')).toEqual({
      '{ocelot_route="chat",ocelot_direction="to-backend"}': 2,
      '{ocelot_route="chat",ocelot_direction="to-client"}': 2,
    });
    const bytes = await samples('ocelot_websocket_io_bytes_total');
    // Masked frames have four bytes more.
    expect(bytes['{ocelot_route="chat",ocelot_direction="to-backend"}']).toBe(6 + 5 + 6 + 3);
    expect(bytes['{ocelot_route="chat",ocelot_direction="to-client"}']).toBe(2 + 5 + 2 + 3);
  });

  it('keeps what closed ones carried, and tells who closed them with which code', async () => {
    const { open, samples } = await stand(ON);
    for (const code of [1000, 4711]) {
      const client = await open('/chat/a');
      await talk(client, 'hello');
      await leave(client, code);
    }
    await eventually(
      async () => (await samples('ocelot_websocket_connections'))['{ocelot_route="chat"}'] === 0,
      'both sockets are closed',
    );
    expect(await samples('ocelot_websocket_closes_total')).toEqual({
      '{ocelot_route="chat",ocelot_side="client",ocelot_close_code="1000"}': 1,
      '{ocelot_route="chat",ocelot_side="client",ocelot_close_code="other"}': 1,
    });
    const messages = await samples('ocelot_websocket_messages_total');
    expect(messages['{ocelot_route="chat",ocelot_direction="to-backend"}']).toBe(2);
    expect(await samples('ocelot_websocket_session_duration_seconds_count')).toEqual({ '{ocelot_route="chat"}': 2 });
    expect(Object.values(await samples('ocelot_endpoint_in_flight'))).toEqual([0]);
  });

  it('counts upgrades by outcome, status and code', async () => {
    const { open, port, samples } = await stand(ON);
    await open('/chat/a');
    const client = await rawClient(port);
    expect((await client.upgrade({ target: '/nowhere' })).status).toBe(404);
    client.destroy();
    const upgrades = await samples('ocelot_websocket_upgrades_total');
    expect(upgrades).toEqual({
      '{ocelot_route="chat",ocelot_outcome="accepted",http_response_status_code="101"}': 1,
      '{ocelot_outcome="refused",http_response_status_code="404",error_type="OCELOT_ERR_ROUTE_NOT_FOUND"}': 1,
    });
    expect(await samples('ocelot_websocket_pending_upgrades')).toEqual({ '{ocelot_route="chat"}': 0 });
  });

  it('counts a stage’s refusal once, with the status that was answered', async () => {
    const { port, samples } = await stand({
      telemetry: { Prometheus: true },
      gateway: { AllowedOrigins: ['https://a.test'] },
    });
    const client = await rawClient(port);
    expect((await client.upgrade({ target: '/chat/a', headers: { Origin: 'https://b.test' } })).status).toBe(403);
    client.destroy();
    await eventually(
      async () => (await samples('ocelot_websocket_pending_upgrades'))['{ocelot_route="chat"}'] === 0,
      'no upgrade is pending',
    );
    expect(await samples('ocelot_websocket_upgrades_total')).toEqual({
      '{ocelot_route="chat",ocelot_outcome="refused",http_response_status_code="403",error_type="OCELOT_ERR_FORBIDDEN"}': 1,
    });
  });
});

describe('endpoints', () => {
  it('counts attempts and retries, and moves the lease to the endpoint that took it', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port: deadPort } = gone.address() as AddressInfo;
    gone.close();
    const first = await stand(ON);
    const { open, samples } = await stand({
      ...ON,
      routes: [
        {
          DownstreamHostAndPorts: [
            { Host: '127.0.0.1', Port: deadPort },
            { Host: '127.0.0.1', Port: first.echo.port },
          ],
        },
      ],
    });
    await open('/chat/a');
    const dead = `ocelot_route="chat",ocelot_endpoint="127.0.0.1:${deadPort}"`;
    const live = `ocelot_route="chat",ocelot_endpoint="127.0.0.1:${first.echo.port}"`;
    expect(await samples('ocelot_endpoint_attempts_total')).toEqual({
      [`{${dead},ocelot_outcome="failed",error_type="OCELOT_ERR_BACKEND_UNREACHABLE"}`]: 1,
      [`{${live},ocelot_outcome="answered"}`]: 1,
    });
    expect(await samples('ocelot_endpoint_in_flight')).toEqual({ [`{${dead}}`]: 0, [`{${live}}`]: 1 });
  });
});

describe('the last attempt of a refused request', () => {
  it('is counted too, on requests and on upgrades', async () => {
    const nobody = [{ Host: '127.0.0.1', Port: 1 }];
    const { get, port, samples } = await stand({
      ...ON,
      routes: [{ DownstreamHostAndPorts: nobody }, { DownstreamHostAndPorts: nobody }],
    });
    expect(await get('/api/things')).toBe(502);
    const client = await rawClient(port);
    expect((await client.upgrade({ target: '/chat/a' })).status).toBe(502);
    client.destroy();
    const rest = 'ocelot_endpoint="127.0.0.1:1"';
    const failed = 'ocelot_outcome="failed",error_type="OCELOT_ERR_BACKEND_UNREACHABLE"';
    expect(await samples('ocelot_endpoint_attempts_total')).toEqual({
      [`{ocelot_route="api",${rest},${failed}}`]: 1,
      [`{ocelot_route="chat",${rest},${failed}}`]: 1,
    });
    expect(Object.values(await samples('ocelot_endpoint_in_flight'))).toEqual([0, 0]);
  });
});

describe('requests', () => {
  it('measures them by method, route and status', async () => {
    const { get, samples } = await stand(ON);
    expect(await get('/api/things')).toBe(200);
    expect(await get('/api/things?status=503', {}, 'POST')).toBe(503);
    expect(await get('/api/things', {}, 'PROPFIND')).toBe(200);
    expect(await get('/nowhere')).toBe(404);
    await eventually(
      async () => Object.values(await samples('http_server_active_requests')).every((value) => value === 0),
      'no request is active',
    );
    const rest = 'url_scheme="http",http_route="/api/{everything}"';
    expect(await samples('http_server_request_duration_seconds_count')).toEqual({
      [`{http_request_method="GET",${rest},http_response_status_code="200"}`]: 1,
      [`{http_request_method="POST",${rest},http_response_status_code="503"}`]: 1,
      [`{http_request_method="_OTHER",${rest},http_response_status_code="200"}`]: 1,
      '{http_request_method="GET",url_scheme="http",http_response_status_code="404",error_type="OCELOT_ERR_ROUTE_NOT_FOUND"}': 1,
    });
    const bytes = await samples('ocelot_http_io_bytes_total');
    expect(bytes['{ocelot_route="api",ocelot_direction="to-client"}']).toBe(3 * 'answer'.length);
  });

  it('measures how long those took that no route answers', async () => {
    const { get, samples } = await stand(ON);
    expect(await get('/nowhere')).toBe(404);
    const [seconds] = Object.values(await samples('http_server_request_duration_seconds_sum'));
    expect(seconds).toBeGreaterThan(0);
  });
});

describe('the gateway', () => {
  it('tells the configuration in force and what became of the others', async () => {
    const { gateway, config, samples } = await stand(ON);
    await gateway.reload(config({ Prometheus: true, ClientAddress: true }));
    await expect(gateway.reload(config({ Prometheus: true, Otlp: { Endpoint: 'nowhere' } }))).rejects.toThrow(/no URL/);
    expect(await samples('ocelot_config_revision')).toEqual({ '': 2 });
    expect(await samples('ocelot_config_routes')).toEqual({ '': 2 });
    expect(await samples('ocelot_config_reloads_total')).toEqual({
      '{ocelot_outcome="applied"}': 2,
      '{ocelot_outcome="rejected"}': 1,
    });
  });

  it('tells the state of breakers, endpoints, limits and dependencies that plugins record', async () => {
    const { gateway, samples } = await stand(ON);
    const endpoint = { host: '::1', port: 80, weight: 1, tags: [], metadata: {} };
    gateway.record({ type: 'breaker.changed', routeId: 'chat', endpoint, state: 'open' });
    gateway.record({ type: 'breaker.changed', routeId: 'chat', endpoint, state: 'half-open' });
    gateway.record({ type: 'endpoint.changed', routeId: 'chat', endpoint, state: 'ejected', reason: 'three failures' });
    gateway.record({ type: 'dependency.changed', name: 'jwks', isUp: false, error: new Error('secret') });
    gateway.record({
      type: 'limit.reached',
      exchangeId: '',
      routeId: 'chat',
      limit: 'messages',
      action: 'close',
      direction: 'to-backend',
    });
    const where = 'ocelot_route="chat",ocelot_endpoint="[::1]:80"';
    expect(await samples('ocelot_breaker_state')).toEqual({
      [`{${where},ocelot_state="closed"}`]: 0,
      [`{${where},ocelot_state="open"}`]: 0,
      [`{${where},ocelot_state="half-open"}`]: 1,
    });
    expect(await samples('ocelot_breaker_changes_total')).toEqual({
      '{ocelot_route="chat",ocelot_state="open"}': 1,
      '{ocelot_route="chat",ocelot_state="half-open"}': 1,
    });
    expect((await samples('ocelot_endpoint_state'))[`{${where},ocelot_state="ejected"}`]).toBe(1);
    expect(await samples('ocelot_dependency_up')).toEqual({ '{ocelot_dependency="jwks"}': 0 });
    expect(await samples('ocelot_limits_total')).toEqual({
      '{ocelot_route="chat",ocelot_limit="messages",ocelot_action="close",ocelot_direction="to-backend"}': 1,
    });
  });

  it('forgets the states of endpoints and routes that a reload took away', async () => {
    const { gateway, samples } = await stand(ON);
    const { endpoints } = gateway.routes.map(({ source }) => source).find(({ kind }) => kind === 'static') as {
      endpoints: readonly Endpoint[];
    };
    const [endpoint] = endpoints;
    if (endpoint === undefined) throw new Error('the stand has endpoints');
    gateway.record({ type: 'endpoint.changed', routeId: 'api', endpoint, state: 'unhealthy', reason: 'no answer' });
    gateway.record({ type: 'breaker.changed', routeId: 'chat', endpoint: undefined, state: 'open' });
    const DownstreamHostAndPorts = [{ Host: '127.0.0.1', Port: 1 }];
    const route = { UpstreamPathTemplate: '/x', DownstreamPathTemplate: '/x', DownstreamScheme: 'http' };
    await gateway.reload(
      readConfiguration({
        Routes: [{ ...route, Key: 'api', DownstreamHostAndPorts }],
        GlobalConfiguration: { Gateway: { Telemetry: { Prometheus: true } } },
      }),
    );
    expect(await samples('ocelot_endpoint_state')).toEqual({});
    expect(await samples('ocelot_breaker_state')).toEqual({});
  });

  it('tells how many sockets a drain began with', async () => {
    const { gateway, open, samples } = await stand(ON);
    const client = await open('/chat/a');
    const text = samples('ocelot_drain_active');
    expect(await text).toEqual({});
    const drained = gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    const frame = await client.readFrame();
    expect(await samples('ocelot_drain_active')).toEqual({ '': 1 });
    expect(await samples('ocelot_drain_sessions')).toEqual({ '': 1 });
    client.send(closeFrame(frame.payload.readUInt16BE(0), '', true));
    expect((await drained).clean).toBe(1);
  });
});
