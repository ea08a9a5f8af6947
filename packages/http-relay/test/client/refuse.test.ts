import { connect } from 'node:http2';

import { GatewayError, type Plugin } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { stands } from '../http-stand.js';

const { gateway } = stands();

/** A stage that edits every answer. */
const editing: Plugin = {
  name: 'editing',
  setup: (registry) =>
    registry.stage({
      name: 'editing',
      phase: 'admit',
      forRoute: () => (exchange) => exchange.onAnswer(({ headers }) => headers.set('X-Edited', 'yes')),
    }),
};

/** A stage that lets nobody pass, with a body of its own. */
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

/** Nobody listens there. */
const NOBODY = 1;
const global = { RequestIdKey: 'X-Request-Id' };

describe('a refused request', () => {
  it('has the request id and the edits of stages, also where the relay refuses behind them', async () => {
    const stand = await gateway([NOBODY], { global, plugins: [editing] });
    const client = await stand.client();
    client.send('GET /a HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-7\r\n\r\n');
    const head = await client.readHead();
    expect([head.status, head.get('x-request-id'), head.get('x-edited')]).toEqual([502, 'mine-7', 'yes']);
    expect(JSON.parse((await client.readBody(head)).toString())).toMatchObject({ status: 502 });
    expect(await stand.event('request.refused')).toMatchObject({ request: { path: '/a' } });
  });

  it('has them over HTTP/2 too', async () => {
    const stand = await gateway([NOBODY], { global, plugins: [editing], front: 'h2c' });
    const session = connect(`http://127.0.0.1:${stand.port}`);
    const headers = await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':path': '/a', 'x-request-id': 'mine-7' });
      stream.on('error', reject).on('response', resolve).resume();
    });
    session.destroy();
    expect(headers).toMatchObject({ ':status': 502, 'x-request-id': 'mine-7', 'x-edited': 'yes' });
  });

  it('has the body that a stage gives it, to a HEAD only its length', async () => {
    const stand = await gateway([NOBODY], { plugins: [limiting] });
    const client = await stand.client();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const head = await client.readHead();
    expect([head.status, head.get('content-type'), head.get('retry-after')]).toEqual([429, 'text/plain', '3']);
    expect((await client.readBody(head)).toString()).toBe('Slow down.');
    client.send('HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect((await client.readHead()).get('content-length')).toBe('10');
    expect(await client.readToEnd()).toHaveLength(0);
  });
});
