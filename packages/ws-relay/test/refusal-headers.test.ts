import { inspect } from 'node:util';

import { GatewayError, type Plugin } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  closeFrame,
  collectLeaks,
  type LeakWatch,
  SAMPLE_KEY,
  scriptedBackend,
  type ScriptedBackend,
  switchingHead,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from './gateway-stand.js';
import { http2Stand } from './http2-stand.js';

const NOBODY = 1;

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: Pick<GatewayStand, 'close' | 'event' | 'lines'>;

/** A stage that edits every answer. */
const editing: Plugin = {
  name: 'editing',
  setup: (registry) =>
    registry.stage({
      name: 'editing',
      phase: 'admit',
      forRoute: () => (exchange) =>
        exchange.onAnswer(({ headers }) => {
          headers.set('X-Edited', 'yes');
          headers.append('Set-Cookie', 'a=1');
          headers.append('Set-Cookie', 'b=2');
        }),
    }),
};

const config = (port: number): object => ({
  Routes: [
    {
      UpstreamPathTemplate: '/{everything}',
      DownstreamPathTemplate: '/{everything}',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
    },
  ],
  GlobalConfiguration: { RequestIdKey: 'X-Request-Id' },
});

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('a refusal behind the stages has what they give every answer', () => {
  it('over HTTP/1.1: the request id, and the edits of stages', async () => {
    const own = await gatewayStand([], { config: config(NOBODY), plugins: [editing] });
    stand = own;
    const client = await own.client();
    const head = await client.upgrade({ headers: { 'X-Request-Id': 'mine-7' } });
    expect([head.status, head.get('x-request-id'), head.get('x-edited')]).toEqual([502, 'mine-7', 'yes']);
    expect(head.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')).toHaveLength(2);
    const body = JSON.parse((await client.readBody(head)).toString()) as object;
    expect(body).toMatchObject({ status: 502, code: 'OCELOT_ERR_BACKEND_UNREACHABLE' });
  });

  it('over HTTP/2 too (RFC 8441)', async () => {
    const own = await http2Stand([], { config: config(NOBODY), plugins: [editing] });
    stand = own;
    const socket = (await own.client()).open({ headers: { 'x-request-id': 'mine-7' } });
    expect(await socket.answer).toMatchObject({
      ':status': 502,
      'x-request-id': 'mine-7',
      'x-edited': 'yes',
      'set-cookie': ['a=1', 'b=2'],
    });
  });

  it('and the body that a stage gives it', async () => {
    const limiting: Plugin = {
      name: 'limiting',
      setup: (registry) =>
        registry.stage({
          name: 'limiting',
          phase: 'admit',
          forRoute: () => () => {
            const body = { contentType: 'text/plain', text: 'Slow down.' };
            throw new GatewayError('OCELOT_ERR_RATE_LIMITED', { body, headers: { 'Retry-After': '3' } });
          },
        }),
    };
    const own = await gatewayStand([], { config: config(NOBODY), plugins: [limiting] });
    stand = own;
    const client = await own.client();
    const head = await client.upgrade();
    expect([head.status, head.get('content-type'), head.get('retry-after')]).toEqual([429, 'text/plain', '3']);
    expect((await client.readBody(head)).toString()).toBe('Slow down.');
    expect(await stand.event('upgrade.refused')).toMatchObject({ request: { path: '/' } });
  });
});

describe('credentials of a handshake stand in no log line', () => {
  const SECRET = 'open-sesame';
  const headers = {
    Authorization: `Bearer ${SECRET}`,
    Cookie: `session=${SECRET}`,
    'Sec-WebSocket-Protocol': `bearer.${SECRET}`,
    'X-Api-Key': SECRET,
  };
  const head = switchingHead(SAMPLE_KEY);

  it.each([
    ['is refused by no route', undefined],
    ['reaches nobody', NOBODY],
    ['is refused by the backend', 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'],
    ['is answered wrongly', 'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n'],
    ['is answered by no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['opens and ends', head],
  ])('of one that %s', async (_what, answer) => {
    const port = typeof answer === 'number' ? answer : backend.port;
    const given = answer === undefined ? { Routes: [] } : config(port);
    const own = await gatewayStand([], { config: given, plugins: [editing] });
    stand = own;
    const client = await own.client();
    const upgraded = client.upgrade({ target: `/a?access_token=${SECRET}`, headers });
    if (typeof answer === 'string') {
      const connection = await backend.connection();
      await connection.readHead();
      connection.send(answer);
      if (answer === head) connection.send(closeFrame(1000));
      connection.end();
    }
    await upgraded;
    client.end();
    await stand.event(answer === head ? 'session.closed' : 'upgrade.refused');
    await new Promise((resolve) => setImmediate(resolve));
    expect(stand.lines.length).toBeGreaterThan(0);
    expect(inspect(stand.lines, { depth: 9 })).not.toContain(SECRET);
  });
});
