import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GatewayError, type Plugin } from '@ocelot/core';
import { eventually, seededRandom, TEST_CERTIFICATE } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { stands } from './http-stand.js';

const { backend, gateway, onClose, scripted } = stands();

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'ocelot-http-'));
  onClose(async () => rmSync(path, { recursive: true, force: true }));
  return path;
}

const get = (target: string, ...lines: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'Host: gateway.example', ...lines, '', ''].join('\r\n');

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** A port on which nobody listens. */
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

/** Counts exchanges by what they defer. */
function exchangeCount(): { readonly plugin: Plugin; open: number; finished: string[] } {
  const count = {
    open: 0,
    finished: [] as string[],
    plugin: {
      name: 'count',
      setup: (registry) =>
        registry.stage({
          name: 'count',
          phase: 'admit',
          forRoute: () => (exchange) => {
            count.open += 1;
            exchange.defer(({ outcome }) => {
              count.open -= 1;
              count.finished.push(outcome);
            });
          },
        }),
    } satisfies Plugin,
  };
  return count;
}

/** Takes the endpoints in turn. */
function alternating(): Plugin {
  let turn = 0;
  return {
    name: 'alternating',
    setup: (registry) =>
      registry.balancing('Alternating', () => ({
        pick(candidates) {
          turn += 1;
          const picked = candidates[turn % candidates.length];
          if (picked === undefined) throw new Error('a policy is never asked without candidates');
          return picked;
        },
      })),
  };
}

/** Refuses every request. */
function refusing(error: Error): Plugin {
  return {
    name: 'refuse',
    setup: (registry) =>
      registry.stage({
        name: 'refuse',
        phase: 'authorize',
        forRoute: () => () => {
          throw error;
        },
      }),
  };
}

describe('RelayedRequest', () => {
  it('passes method, target, body and answer', async () => {
    const port = await backend((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => response.end(`${request.method} ${request.url} ${body}`));
    });
    const client = await (await gateway([port])).client();
    client.send(get('/a%2Fb/c?d=%20e'));
    const first = await client.readHead();
    expect(first.line).toBe('HTTP/1.1 200 OK');
    expect((await client.readBody(first)).toString()).toBe('GET /a%2Fb/c?d=%20e ');
    client.send('POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello');
    expect((await client.readBody(await client.readHead())).toString()).toBe('POST /p hello');
    client.send('PUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    expect((await client.readBody(await client.readHead())).toString()).toBe('PUT /p abc');
  });

  it('keeps connections to a backend for the next request (RFC 9112 §9.3)', async () => {
    const ports = new Set<number | undefined>();
    const port = await backend((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().on('end', () => response.end('ok'));
    });
    const client = await (await gateway([port])).client();
    for (let i = 0; i < 4; i += 1) {
      client.send(get('/'));
      await client.readBody(await client.readHead());
    }
    expect(ports.size).toBe(1);
  });

  it('serves requests on routes of ws, and tells the backend how the client came', async () => {
    const port = await backend((request, response) => response.end(request.headers['x-forwarded-proto']));
    for (const [front, expected] of [
      ['http1', 'http'],
      ['tls', 'https'],
    ] as const) {
      const stand = await gateway([port], { route: { DownstreamScheme: 'ws' }, front, tls: TEST_CERTIFICATE });
      const client = await stand.client();
      client.send(get('/'));
      expect((await client.readBody(await client.readHead())).toString()).toBe(expected);
    }
  });

  it('replaces the method where the route names one (Ocelot: DownstreamHttpMethod)', async () => {
    const port = await backend((request, response) => response.end(request.method));
    const client = await (await gateway([port], { route: { DownstreamHttpMethod: 'put' } })).client();
    client.send(get('/'));
    expect((await client.readBody(await client.readHead())).toString()).toBe('PUT');
  });

  it('tells of a request once: one event and one line at its end', async () => {
    const port = await backend((request, response) => request.resume().on('end', () => response.end('answer')));
    const count = exchangeCount();
    const stand = await gateway([port], { plugins: [count.plugin] });
    const client = await stand.client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello');
    await client.readBody(await client.readHead());
    const event = await stand.event('request.finished');
    expect(event).toMatchObject({ status: 200, fromClientBytes: 5, fromBackendBytes: 6, errorCode: undefined });
    const line = await stand.line('request finished');
    expect(line.level).toBe('info');
    expect(line.fields).toMatchObject({ method: 'POST', status: 200, endpoint: `127.0.0.1:${port}` });
    expect(count).toMatchObject({ open: 0, finished: ['completed'] });
    expect(stand.events.filter(({ type }) => type.startsWith('request.'))).toHaveLength(1);
  });

  describe('refuses in the form of refused upgrades', () => {
    it.each([
      ['404 where no route matches', { UpstreamPathTemplate: '/only' }, 404, 'OCELOT_ERR_ROUTE_NOT_FOUND'],
      ['404 where the method is none of the route', { UpstreamHttpMethod: ['PUT'] }, 404, 'OCELOT_ERR_ROUTE_NOT_FOUND'],
      [
        '503 where there is no endpoint',
        { DownstreamHostAndPorts: [], ServiceName: 'none' },
        503,
        'OCELOT_ERR_NO_ENDPOINT',
      ],
    ])('%s (S4)', async (_, route, status, code) => {
      const discovery: Plugin = {
        name: 'empty',
        setup: (registry) =>
          registry.discovery('empty', () => ({
            subscribe(_service, observer) {
              queueMicrotask(() => observer.next([]));
              return { unsubscribe() {} };
            },
            close: () => Promise.resolve(),
          })),
      };
      const stand = await gateway([1], {
        route,
        global: { ServiceDiscoveryProvider: { Type: 'empty' } },
        plugins: [discovery],
      });
      const client = await stand.client();
      client.send(get('/x'));
      const head = await client.readHead();
      expect(head.status).toBe(status);
      expect(head.get('content-type')).toBe('application/json; charset=utf-8');
      expect(head.get('cache-control')).toBe('no-store');
      const body: unknown = JSON.parse((await client.readBody(head)).toString());
      const event = await stand.event('request.refused');
      expect(event.durationMs).toBeGreaterThanOrEqual(0);
      expect(body).toMatchObject({ status, code, requestId: event.exchangeId });
      expect(event).toMatchObject({ errorCode: code, status });
      expect((await stand.line('request refused')).fields).toMatchObject({ status, code });
    });

    it('401 with the headers of the error, and keeps the connection for the next request', async () => {
      const error = new GatewayError('OCELOT_ERR_UNAUTHENTICATED', { headers: { 'WWW-Authenticate': 'Basic' } });
      const count = exchangeCount();
      const stand = await gateway([1], { plugins: [count.plugin, refusing(error)] });
      const client = await stand.client();
      for (let i = 0; i < 2; i += 1) {
        client.send(get('/x'));
        const head = await client.readHead();
        expect(head.status).toBe(401);
        expect(head.get('www-authenticate')).toBe('Basic');
        await client.readBody(head);
      }
      expect(count).toMatchObject({ open: 0, finished: ['refused', 'refused'] });
    });

    it('500 where a stage throws something else, and says nothing of it', async () => {
      const stand = await gateway([1], { plugins: [refusing(new TypeError('secret'))] });
      const client = await stand.client();
      client.send(get('/x'));
      const head = await client.readHead();
      expect(head.status).toBe(500);
      expect((await client.readBody(head)).toString()).not.toContain('secret');
      expect((await stand.line('request refused')).level).toBe('error');
    });

    it('502 where nobody listens', async () => {
      const stand = await gateway([await deadPort()]);
      const client = await stand.client();
      client.send(get('/x'));
      expect((await client.readHead()).status).toBe(502);
      expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_BACKEND_UNREACHABLE');
    });

    it('504 where no answer begins in time, and cuts the connection to the backend', async () => {
      const silent = await scripted();
      const stand = await gateway([silent.port], { route: { Timeout: 1 } });
      const client = await stand.client();
      client.send(get('/x'));
      expect((await client.readHead()).status).toBe(504);
      expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_BACKEND_TIMEOUT');
      await (
        await silent.connection()
      ).ended;
    });

    it.each([
      ['is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
      [
        'switches protocols without being asked (RFC 9110 §15.2.2)',
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n',
      ],
      [
        'has both Content-Length and Transfer-Encoding (RFC 9112 §6.3)',
        'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['has two lengths (RFC 9112 §6.3)', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
      [
        'has another transfer coding (RFC 9112 §6.1)',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      ],
      ['has a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`],
    ])('502 where the answer %s', async (_, answer) => {
      const broken = await scripted(async (connection) => {
        await connection.readHead();
        connection.send(answer);
      });
      const stand = await gateway([broken.port]);
      for (const request of [get('/x'), get('/x', 'TE: trailers', 'Connection: TE')]) {
        const client = await stand.client();
        client.send(request);
        const head = await client.readHead();
        expect(head.status).toBe(502);
        expect((await client.readBody(head)).toString()).toContain('OCELOT_ERR_BACKEND_ANSWER_INVALID');
      }
    });
  });

  describe('ends both sides', () => {
    it('cuts the backend when the client leaves before the answer, and logs 499 (S10)', async () => {
      const slow = await scripted();
      const count = exchangeCount();
      const stand = await gateway([slow.port], { plugins: [count.plugin] });
      const client = await stand.client();
      client.send(get('/x'));
      await (await slow.connection()).readHead();
      client.reset();
      await (
        await slow.connection()
      ).ended;
      expect((await stand.line('request refused')).fields).toMatchObject({
        status: 499,
        code: 'OCELOT_ERR_CLIENT_GONE',
      });
      expect(count).toMatchObject({ open: 0, finished: ['refused'] });
    });

    it('takes a half-close before the answer for leaving, as for upgrades', async () => {
      const slow = await scripted();
      const stand = await gateway([slow.port]);
      const client = await stand.client();
      client.send(get('/x'));
      await (await slow.connection()).readHead();
      client.end();
      await (
        await slow.connection()
      ).ended;
      expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_CLIENT_GONE');
    });

    it('cuts the backend when the client leaves in the middle of the answer', async () => {
      const endless = await scripted(async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
      });
      const stand = await gateway([endless.port]);
      const client = await stand.client();
      client.send(get('/x'));
      await client.readHead();
      await client.readBytes(3);
      client.reset();
      await (
        await endless.connection()
      ).ended;
      expect(await stand.event('request.finished')).toMatchObject({
        status: 200,
        errorCode: 'OCELOT_ERR_CLIENT_GONE',
        fromBackendBytes: 3,
      });
    });

    it('cuts the backend when the client leaves in the middle of its upload', async () => {
      const reader = await scripted();
      const stand = await gateway([reader.port]);
      const client = await stand.client();
      client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
      const connection = await reader.connection();
      await connection.readHead();
      await connection.readBytes(3);
      client.reset();
      await connection.ended;
      expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_CLIENT_GONE');
    });

    it.each([
      ['a length', 'Content-Length: 100\r\n\r\nabc'],
      ['chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ])('never lets an answer with %s that breaks off look whole (RFC 9112 §8)', async (_, rest) => {
      const broken = await scripted(async (connection) => {
        await connection.readHead();
        connection.send(`HTTP/1.1 200 OK\r\n${rest}`);
      });
      const stand = await gateway([broken.port]);
      const client = await stand.client();
      client.send(get('/x'));
      const head = await client.readHead();
      const body = client.readBody(head);
      (await broken.connection()).end();
      await expect(body).rejects.toThrow(/./);
      await client.closed;
      expect((await stand.event('request.finished')).errorCode).toBe('OCELOT_ERR_BACKEND_LOST');
      expect((await stand.line('request broke off')).level).toBe('warn');
    });

    it('resets a client of HTTP/1.0 whose answer breaks off: its end would look like the end of the body', async () => {
      const broken = await scripted(async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      });
      const stand = await gateway([broken.port]);
      const client = await stand.client();
      client.send('GET /x HTTP/1.0\r\nHost: x\r\n\r\n');
      await client.readHead();
      expect((await client.readBytes(3)).toString()).toBe('abc');
      (await broken.connection()).end();
      expect((await client.closed).error).toMatchObject({ code: 'ECONNRESET' });
    });

    it.each([
      ['on a Unix-domain socket', () => ({ socketPath: join(folder(), 'gateway.sock') })],
      ['over TLS', () => ({ front: 'tls' as const, tls: TEST_CERTIFICATE })],
    ])('cuts a client %s', async (_, options) => {
      const broken = await scripted(async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
      });
      const stand = await gateway([broken.port], options());
      const client = await stand.client();
      client.send(get('/x'));
      await client.readHead();
      (await broken.connection()).end();
      await client.ended;
      expect((await stand.event('request.finished')).errorCode).toBe('OCELOT_ERR_BACKEND_LOST');
    });

    it('passes an answer that ends with its connection as a whole one (RFC 9112 §6.3)', async () => {
      const old = await scripted(async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.0 200 OK\r\n\r\nuntil the end');
        connection.end();
      });
      const client = await (await gateway([old.port])).client();
      client.send(get('/x'));
      const head = await client.readHead();
      expect(head.get('transfer-encoding')).toBe('chunked');
      expect((await client.readBody(head)).toString()).toBe('until the end');
    });
  });

  it('refuses with 503 and ends the connection once the gateway drains', async () => {
    const port = await backend((_, response) => response.end('ok'));
    const stand = await gateway([port]);
    const client = await stand.client();
    client.send(get('/'));
    await client.readBody(await client.readHead());
    await stand.gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    client.send(get('/'));
    const head = await client.readHead();
    expect(head.status).toBe(503);
    expect(head.get('connection')).toBe('close');
    await client.ended;
  });

  it('lets a request finish while the gateway drains, and ends its connection behind it', async () => {
    const slow = await scripted();
    const stand = await gateway([slow.port]);
    const client = await stand.client();
    client.send(get('/'));
    const connection = await slow.connection();
    await connection.readHead();
    const drained = stand.gateway.drain({ deadlineMs: 10_000, spreadMs: 0 });
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
    const head = await client.readHead();
    expect(head.get('connection')).toBe('close');
    expect((await client.readBody(head)).toString()).toBe('done');
    await drained;
  });

  it('answers with 503 what has no answer when the relay closes', async () => {
    const slow = await scripted();
    const stand = await gateway([slow.port]);
    const client = await stand.client();
    client.send(get('/'));
    await (await slow.connection()).readHead();
    await stand.gateway.drain({ deadlineMs: 1, spreadMs: 0 });
    const head = await client.readHead();
    expect(head.status).toBe(503);
    expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_DRAINING');
    await (
      await slow.connection()
    ).ended;
  });

  it.each(['http1', 'h2c'] as const)('ends every request once, whenever its client leaves (%s)', async (front) => {
    const random = seededRandom(7);
    const port = await backend((request, response) => {
      request.on('error', () => undefined);
      request.on('data', () => undefined);
      setTimeout(() => {
        response.write('first');
        setTimeout(() => response.end('last'), 4);
      }, 4);
    });
    const count = exchangeCount();
    const stand = await gateway([port, await deadPort()], {
      front,
      plugins: [count.plugin, alternating()],
      route: { LoadBalancerOptions: { Type: 'Alternating' } },
    });
    const session = front === 'h2c' ? connectHttp2(`http://127.0.0.1:${stand.port}`) : undefined;
    session?.on('error', () => undefined);
    const total = 80;
    const leave = async (index: number): Promise<void> => {
      const delayMs = Math.floor(random.next() * 16);
      const hasBody = index % 2 === 0;
      if (session === undefined) {
        const client = await stand.client();
        client.send(hasBody ? 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\npart' : get('/'));
        await pause(delayMs);
        client.reset();
      } else {
        const stream = session.request({ ':method': hasBody ? 'POST' : 'GET', ':path': '/' });
        stream.on('error', () => undefined);
        if (hasBody) stream.write('part');
        await pause(delayMs);
        stream.close(constants.NGHTTP2_CANCEL);
      }
    };
    await Promise.all(Array.from({ length: total }, (_, index) => leave(index)));
    const ends = () => stand.events.filter(({ type }) => type.startsWith('request.'));
    await eventually(() => count.open === 0 && ends().length >= count.finished.length, 'every exchange is finished');
    await pause(20);
    expect(ends()).toHaveLength(count.finished.length);
    expect(new Set(ends().map((event) => ('exchangeId' in event ? event.exchangeId : ''))).size).toBe(ends().length);
    session?.destroy();
  });
});
