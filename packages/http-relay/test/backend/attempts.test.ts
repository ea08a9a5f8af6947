import { once } from 'node:events';
import { createServer } from 'node:net';

import type { Plugin } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';
import { eventually } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { stands } from '../http-stand.js';

const { backend, gateway, scripted } = stands();

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

async function deadPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Takes the first endpoint that was not tried. */
const firstOf: Plugin = {
  name: 'first-of',
  setup: (registry) =>
    registry.balancing('FirstOf', () => ({
      pick([first]) {
        if (first === undefined) throw new Error('a policy is never asked without candidates');
        return first;
      },
    })),
};
const inOrder = { plugins: [firstOf], route: { LoadBalancerOptions: { Type: 'FirstOf' } } };

const echo = (): Promise<number> =>
  backend((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => response.end(`got ${body}`));
  });

describe('Attempts', () => {
  it.each([
    ['GET', GET, 'got '],
    ['POST with a length', POST, 'got hello'],
    ['POST in chunks', CHUNKED, 'got hello'],
  ])('take the next endpoint where nobody listens, for %s with its whole body', async (_, request, expected) => {
    const stand = await gateway([await deadPort(), await echo()], inOrder);
    const client = await stand.client();
    client.send(request);
    expect((await client.readBody(await client.readHead())).toString()).toBe(expected);
    expect((await stand.line('trying another endpoint')).level).toBe('warn');
  });

  // undici takes an unasked 100 for no HTTP.
  it('bear with a backend that says 100 Continue unasked (RFC 9110 §15.2)', async () => {
    const eager = await scripted(async (connection) => {
      for (;;) {
        await connection.readHead();
        connection.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
      }
    });
    const client = await (await gateway([eager.port])).client();
    for (const method of ['GET', 'GET', 'POST']) {
      client.send(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
      let head = await client.readHead();
      // Passed on to the client, as §15.2 demands, once the relay knows such a backend.
      if (head.status === 100) head = await client.readHead();
      expect(head.status).toBe(200);
      expect((await client.readBody(head)).toString()).toBe('done');
    }
  });

  it('take the next endpoint when a connection is lost before an answer, of an idempotent request (RFC 9110 §9.2.2)', async () => {
    const dying = await scripted(async (connection) => {
      await connection.readHead();
      connection.destroy();
    });
    const client = await (await gateway([dying.port, await echo()], inOrder)).client();
    client.send(GET);
    expect((await client.readHead()).status).toBe(200);
  });

  it.each([
    ['POST without a body', 'POST / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['POST with a length', POST],
    ['POST in chunks', CHUNKED],
  ])('never send %s a second time when a backend may have seen it (RFC 9110 §9.2.2)', async (_, request) => {
    const dying = await scripted(async (connection) => {
      await connection.readHead();
      connection.destroy();
    });
    const other = await scripted();
    const client = await (await gateway([dying.port, other.port], inOrder)).client();
    client.send(request);
    expect((await client.readHead()).status).toBe(502);
    expect([dying.connections.length, other.connections.length]).toEqual([1, 0]);
  });

  it('try the only endpoint once more: a kept connection may end as a request is sent', async () => {
    let count = 0;
    const dying = await scripted(async (connection) => {
      await connection.readHead();
      count += 1;
      if (count === 1) connection.destroy();
      else connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const client = await (await gateway([dying.port])).client();
    client.send(GET);
    expect((await client.readHead()).status).toBe(200);
    expect(count).toBe(2);
  });

  it('give up when the only endpoint loses the request again', async () => {
    const dying = await scripted(async (connection) => {
      await connection.readHead();
      connection.destroy();
    });
    const stand = await gateway([dying.port]);
    const client = await stand.client();
    client.send(GET);
    expect((await client.readHead()).status).toBe(502);
    expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_BACKEND_LOST');
    expect(dying.connections).toHaveLength(2);
  });

  it('never send again what an answer was begun to', async () => {
    const broken = await scripted(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n');
      connection.end();
    });
    const client = await (await gateway([broken.port, broken.port])).client();
    client.send(GET);
    await client.readHead();
    await client.ended;
    expect(broken.connections).toHaveLength(1);
  });

  describe('of a route that does not want some answers to be the last (Gateway.Retry.On)', () => {
    const options = { ...inOrder, settings: { Retry: { On: [503] } } };
    const answering = async (status: number): Promise<number> =>
      backend((request, response) => {
        request.resume().on('end', () => response.writeHead(status, { 'X-Whose': status }).end(String(status)));
      });

    it.each(['GET', 'HEAD'])('ask another endpoint, for a %s without a body', async (method) => {
      const stand = await gateway([await answering(503), await answering(200)], options);
      const client = await stand.client();
      client.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect((await client.readHead()).status).toBe(200);
    });

    it('pass the answer on where no other endpoint is left', async () => {
      const stand = await gateway([await answering(503), await answering(503)], options);
      const client = await stand.client();
      client.send(GET);
      const head = await client.readHead();
      expect([head.status, (await client.readBody(head)).toString()]).toEqual([503, '503']);
    });

    it.each([
      ['a POST', POST],
      ['a GET with a body', POST.replace('POST', 'GET')],
      ['a DELETE', 'DELETE / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ])('pass it on for %s: asking twice might do something twice', async (_, request) => {
      const stand = await gateway([await answering(503), await answering(200)], options);
      const client = await stand.client();
      client.send(request);
      expect((await client.readHead()).status).toBe(503);
    });

    it('pass other statuses on', async () => {
      const stand = await gateway([await answering(500), await answering(200)], options);
      const client = await stand.client();
      client.send(GET);
      expect((await client.readHead()).status).toBe(500);
    });
  });

  it('try no endpoint where the route forbids it (Gateway.Retry)', async () => {
    const other = await scripted();
    const options = { ...inOrder, settings: { Retry: { Attempts: 0 } } };
    const client = await (await gateway([await deadPort(), other.port], options)).client();
    client.send(GET);
    expect((await client.readHead()).status).toBe(502);
    expect(other.connections).toHaveLength(0);
  });

  it.each([
    ['a length', 'Content-Length: 10\r\n\r\nhello'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('answer 408 to an upload with %s that does not go on, and close the connection', async (_, rest) => {
    const reader = await scripted();
    const clock = new FakeClock();
    const stand = await gateway([reader.port], { settings: { IdleTimeoutMs: 60_000 }, relay: { clock } });
    const client = await stand.client();
    client.send(`POST / HTTP/1.1\r\nHost: x\r\n${rest}`);
    const asked = await reader.connection();
    await asked.readHead();
    await asked.readBytes(rest.length - rest.indexOf('\r\n\r\n') - 4);
    clock.advance(60_000);
    const head = await client.readHead();
    expect([head.status, head.get('connection')]).toEqual([408, 'close']);
    expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_REQUEST_TIMEOUT');
    await asked.ended;
  });

  it('wait for an answer from the last byte of the request, not from its first', async () => {
    let received = 0;
    const port = await backend((request, response) => {
      request.on('data', (bytes: Buffer) => (received += bytes.length)).on('end', () => response.end('late'));
    });
    const clock = new FakeClock();
    const client = await (await gateway([port], { route: { Timeout: 1 }, relay: { clock } })).client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let sent = 1; sent <= 6; sent += 1) {
      client.send('1\r\na\r\n');
      await eventually(() => received === sent, 'the backend has it');
      clock.advance(900);
    }
    client.send('0\r\n\r\n');
    expect((await client.readHead()).status).toBe(200);
  });

  it('answer 504 when a backend neither reads nor answers', async () => {
    const deaf = await scripted((connection) => connection.pause());
    const stand = await gateway([deaf.port], { settings: { IdleTimeoutMs: 150 } });
    const client = await stand.client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n');
    const chunk = Buffer.alloc(1_000_000);
    for (let i = 0; i < 40; i += 1) client.send(chunk);
    expect((await client.readHead()).status).toBe(504);
    expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_BACKEND_TIMEOUT');
  });

  it('answer 504 when no connection comes about in time, TLS included', async () => {
    const mute = await scripted();
    const stand = await gateway([mute.port], {
      route: { DownstreamScheme: 'https' },
      settings: { ConnectTimeoutMs: 50, Retry: { Attempts: 0 } },
    });
    for (const request of [GET, CHUNKED]) {
      const client = await stand.client();
      client.send(request);
      expect((await client.readHead()).status).toBe(504);
    }
    expect((await stand.event('request.refused', 1)).errorCode).toBe('OCELOT_ERR_BACKEND_TIMEOUT');
    for (const connection of mute.connections) await connection.ended;
  });
});
