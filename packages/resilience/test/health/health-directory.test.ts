import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { echoBackend, TestAuthority } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';

import { answering, backend, deadPort, holds, leaveNothing, startStand } from '../stand.js';

leaveNothing();

/** As fast as the schema allows. */
const FAST = { IntervalMs: 100, TimeoutMs: 1000, UnhealthyThreshold: 1, HealthyThreshold: 1 };
/** The first check comes at once. */
const AT_ONCE = { random: () => 0 };

describe('Gateway.Resilience.HealthCheck', () => {
  it('keeps an endpoint that is down from getting work at all', async () => {
    const dead = await deadPort();
    const alive = await backend(answering(101));
    const stand = await startStand([dead, alive.port], {
      resilience: { HealthCheck: { Type: 'tcp', ...FAST } },
      ...AT_ONCE,
    });
    await holds('the check fails', () => stand.told('endpoint.changed').includes('unhealthy'));
    for (let connect = 0; connect < 4; connect += 1) expect((await stand.upgrade()).status).toBe(101);
    expect(stand.events.some((event) => event.type === 'attempt.started' && event.endpoint.port === dead)).toBe(false);
    expect((await stand.report()).endpoints[0]).toMatchObject({
      state: 'unhealthy',
      lastFailure: expect.stringContaining('ECONNREFUSED'),
    });
    expect(stand.lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'endpoint is unhealthy' }));
  });

  it('uses an endpoint again that is well again', async () => {
    let status = 503;
    const { port } = await backend(async (connection) => {
      const head = await connection.readHead();
      const isCheck = head.target === '/health';
      connection.send(`HTTP/1.1 ${isCheck ? status : 200} Status\r\nContent-Length: 0\r\n\r\n`);
    });
    const stand = await startStand([port], {
      resilience: { HealthCheck: { Type: 'http', Path: '/health', ...FAST } },
      ...AT_ONCE,
    });
    await holds('it is unhealthy', () => stand.told('endpoint.changed').includes('unhealthy'));
    expect((await stand.get()).status).toBe(503);
    status = 200;
    await holds('it is healthy', () => stand.told('endpoint.changed').includes('healthy'));
    expect((await stand.get()).status).toBe(200);
  });

  it('answers 503 when no endpoint is well, or uses all of them in panic', async () => {
    const { port } = await backend(answering(500));
    const HealthCheck = { Type: 'websocket', ...FAST };
    const stand = await startStand([port], { resilience: { HealthCheck }, ...AT_ONCE });
    await holds('it is unhealthy', () => stand.told('endpoint.changed').includes('unhealthy'));
    expect((await stand.get()).status).toBe(503);
    await stand.reload({ resilience: { HealthCheck, PanicMode: 'all' } });
    expect((await stand.get()).status).toBe(500);
  });

  it('asks once however many routes ask the same, also across a reload', async () => {
    const { port, connections } = await backend(answering(200));
    const global = { Gateway: { Resilience: { HealthCheck: { Type: 'http', Path: '/h', IntervalMs: 3_600_000 } } } };
    const routes = [{ UpstreamPathTemplate: '/a/{everything}' }, { UpstreamPathTemplate: '/b/{everything}' }];
    const stand = await startStand([port], { global, routes, ...AT_ONCE });
    await holds('a check came', () => connections.length > 0);
    await stand.reload({ global, routes, route: { Metadata: { a: 'b' } } });
    await stand.reload({ global, gateway: { Retry: { Attempts: 0 } } });
    expect((await stand.get()).status).toBe(200);
    expect(connections).toHaveLength(2);
    await stand.reload({});
    await expect(stand.report()).rejects.toThrow('no route is guarded');
  });

  it('tells again of an endpoint that is down when a reload changes what the route asks for', async () => {
    const HealthCheck = { Type: 'tcp', ...FAST };
    const stand = await startStand([await deadPort()], { resilience: { HealthCheck }, ...AT_ONCE });
    await holds('it is unhealthy', () => stand.told('endpoint.changed').includes('unhealthy'));
    await stand.reload({ resilience: { HealthCheck, PanicMode: 'all' } });
    expect(stand.told('endpoint.changed').at(-1)).toBe('unhealthy');
    await stand.reload({});
    expect(stand.told('endpoint.changed').at(-1)).toBe('healthy');
  });

  it('connects as the route does, with its own authorities', async () => {
    const authority = new TestAuthority();
    const folder = mkdtempSync(join(tmpdir(), 'check-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const CaFile = join(folder, 'ca.pem');
    writeFileSync(CaFile, authority.cert);
    const echo = await echoBackend({ tls: authority.issue({ names: ['127.0.0.1'] }) });
    onTestFinished(() => echo.close());
    const HealthCheck = { Type: 'websocket', ...FAST };
    const route = { DownstreamScheme: 'wss' };
    const stand = await startStand([echo.port], { route, resilience: { HealthCheck }, ...AT_ONCE });
    await holds('its certificate is strange', () => stand.told('endpoint.changed').includes('unhealthy'));
    expect((await stand.report()).endpoints[0]?.lastFailure).toMatch(/certificate/);
    await stand.reload({ route, resilience: { HealthCheck }, gateway: { BackendTls: { CaFile } } });
    await holds('a check comes through', () => echo.requests.length > 0);
    expect((await stand.upgrade()).status).toBe(101);
    expect((await stand.report()).endpoints[0]).toMatchObject({ state: 'healthy' });
  });

  it('lets a route switch the global check off', async () => {
    const { port, connections } = await backend();
    const stand = await startStand([port], {
      global: { Gateway: { Resilience: { HealthCheck: { Type: 'tcp', ...FAST } } } },
      resilience: { HealthCheck: { Type: 'off' } },
      ...AT_ONCE,
    });
    await expect(stand.report()).rejects.toThrow('no route is guarded');
    expect(connections).toHaveLength(0);
  });

  it('refuses a configuration whose check cannot be sent, with the place', async () => {
    const { port } = await backend();
    for (const [part, message] of [
      [{ Path: 'health' }, 'HealthCheck/Path: the path of a health check must begin with a slash'],
      [{ ExpectedStatus: ['ok'] }, 'HealthCheck/ExpectedStatus: "ok" is no status'],
      [{ Headers: { 'X Y': '1' } }, 'HealthCheck/Headers: "X Y" is no name of a header'],
      [{ Headers: { X: 'a\r\nb' } }, 'HealthCheck/Headers: the value of X holds a character'],
      [{ Subprotocol: 'a, b' }, 'HealthCheck/Subprotocol: a subprotocol is one token'],
    ] as const) {
      const started = startStand([port], { resilience: { HealthCheck: { Type: 'http', ...part } } });
      await expect(started).rejects.toThrow(message);
    }
  });
});
