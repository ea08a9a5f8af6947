import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createSecureServer, createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually, TEST_CERTIFICATE } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { type HttpStand, type HttpStandOptions, stands } from '../http-stand.js';

const { backend, gateway, onClose } = stands();

/** Starts any server, on a free port or on a path; closes it behind the test. */
async function listening(server: Server | Http2Server, path?: string, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  if (path === undefined) server.listen(0, host);
  else server.listen(path);
  await once(server, 'listening');
  onClose(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}

async function ask(stand: HttpStand, request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'): Promise<[number, string]> {
  const client = await stand.client();
  client.send(request);
  const head = await client.readHead();
  return [head.status, (await client.readBody(head)).toString()];
}

const CHUNKED = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

const version: RequestListener = (request, response) => {
  request.resume().on('end', () => response.end(request.httpVersion));
};

function tls(options: HttpStandOptions['route'] = {}): HttpStandOptions {
  return { route: { DownstreamScheme: 'https', ...options } };
}

const trusting = { DangerousAcceptAnyServerCertificateValidator: true };

describe('BackendPool', () => {
  it.each([
    ['without a body', undefined],
    ['with a body of unknown length', CHUNKED],
  ])('speaks TLS to a backend whose certificate holds, %s', async (_, request) => {
    const port = await listening(createTlsServer(TEST_CERTIFICATE, version));
    expect((await ask(await gateway([port], tls(trusting)), request))[0]).toBe(200);
    const strict = await gateway([port], tls());
    expect((await ask(strict, request))[0]).toBe(502);
    expect((await strict.event('request.refused')).errorCode).toBe('OCELOT_ERR_BACKEND_UNREACHABLE');
  });

  it.each([
    ['without a body', undefined],
    ['with a body of unknown length', CHUNKED],
  ])(
    'trusts the authorities of the route and names the server it wants (Gateway.BackendTls), %s',
    async (_, request) => {
      const folder = mkdtempSync(join(tmpdir(), 'ocelot-http-'));
      onClose(async () => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'ca.pem'), TEST_CERTIFICATE.cert);
      let serverName: unknown;
      const port = await listening(
        createTlsServer(TEST_CERTIFICATE, (incoming, response) => {
          serverName = (incoming.socket as unknown as { readonly servername?: string }).servername;
          version(incoming, response);
        }),
      );
      const BackendTls = { CaFile: join(folder, 'ca.pem'), ServerName: 'localhost' };
      const stand = await gateway([port], { ...tls(), settings: { BackendTls } });
      expect((await ask(stand, request))[0]).toBe(200);
      expect(serverName).toBe('localhost');
    },
  );

  it.each([
    ['without a body', undefined],
    ['with a body of unknown length', CHUNKED],
  ])('finds a backend at a Unix-domain socket, %s', async (_, request) => {
    const folder = mkdtempSync(join(tmpdir(), 'ocelot-http-'));
    onClose(async () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'app.sock');
    let host: string | undefined;
    await listening(
      createServer((incoming, response) => {
        host = incoming.headers.host;
        version(incoming, response);
      }),
      path,
    );
    expect((await ask(await gateway([`unix:${path}`]), request))[0]).toBe(200);
    expect(host).toBe('localhost');
  });

  it.each([
    ['without a body', undefined],
    ['with a body of unknown length', CHUNKED],
  ])('finds a backend at an IPv6 address, %s', async (_, request) => {
    let host: string | undefined;
    const server = createServer((incoming, response) => {
      host = incoming.headers.host;
      version(incoming, response);
    });
    const port = await listening(server, undefined, '::1');
    const route = { DownstreamHostAndPorts: [{ Host: '::1', Port: port }] };
    expect((await ask(await gateway([], { route }), request))[0]).toBe(200);
    expect(host).toBe(`[::1]:${port}`);
  });

  describe('with DownstreamHttpVersion 2.0', () => {
    const route = { ...trusting, DownstreamHttpVersion: '2.0' };
    const exact = { ...route, DownstreamHttpVersionPolicy: 'RequestVersionExact' };

    it.each([
      ['without a body', undefined],
      ['with a body of unknown length', CHUNKED],
    ])('speaks HTTP/2 where the backend offers it, %s', async (_, request) => {
      const both = createSecureServer({ ...TEST_CERTIFICATE, allowHTTP1: true });
      both.on('request', version);
      const port = await listening(both);
      expect(await ask(await gateway([port], tls(route)), request)).toEqual([200, '2.0']);
      expect(await ask(await gateway([port], tls(exact)), request)).toEqual([200, '2.0']);
      expect(await ask(await gateway([port], tls(trusting)), request)).toEqual([200, '1.1']);
      const orHigher = { ...trusting, DownstreamHttpVersionPolicy: 'RequestVersionOrHigher' };
      expect(await ask(await gateway([port], tls(orHigher)), request)).toEqual([200, '2.0']);
    });

    it('speaks HTTP/1.1 where it does not, unless the route insists', async () => {
      const port = await listening(createTlsServer(TEST_CERTIFICATE, version));
      expect(await ask(await gateway([port], tls(route)))).toEqual([200, '1.1']);
      const strict = await gateway([port], tls(exact));
      expect((await ask(strict))[0]).toBe(502);
      expect((await strict.line('request refused')).fields).toMatchObject({ code: 'OCELOT_ERR_BACKEND_UNREACHABLE' });
    });

    it('speaks it without TLS only where the route insists, as .NET does', async () => {
      const h2c = createHttp2Server();
      h2c.on('request', version as never);
      const port = await listening(h2c);
      const insisting = { DownstreamHttpVersion: '2.0', DownstreamHttpVersionPolicy: 'RequestVersionExact' };
      const stand = await gateway([port], { route: insisting });
      expect(await ask(stand)).toEqual([200, '2.0']);
      expect(await ask(stand, CHUNKED)).toEqual([200, '2.0']);
      const plain = await backend(version);
      expect(await ask(await gateway([plain], { route: { DownstreamHttpVersion: '2.0' } }))).toEqual([200, '1.1']);
    });

    it('passes headers, trailers and a broken answer of HTTP/2 on', async () => {
      const h2c = createHttp2Server();
      h2c.on('stream', (stream, headers) => {
        stream.on('error', () => undefined);
        if (headers[':path'] === '/broken') {
          stream.respond({ ':status': 200 });
          stream.write('part');
          setTimeout(() => stream.destroy(new Error('broken')), 20);
          return;
        }
        stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'] }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '9' }));
        stream.end(`${String(headers[':authority'])} ${String(headers['x-a'])}`);
      });
      const port = await listening(h2c);
      const stand = await gateway([port], {
        route: { DownstreamHttpVersion: '2.0', DownstreamHttpVersionPolicy: 'RequestVersionExact' },
      });
      const client = await stand.client();
      client.send('GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nTE: trailers\r\n\r\n');
      const head = await client.readHead();
      expect(head.all('set-cookie')).toEqual(['a=1', 'b=2']);
      const text = `127.0.0.1:${port} 1`;
      const wire = `${text.length.toString(16)}\r\n${text}\r\n0\r\nx-sum: 9\r\n\r\n`;
      expect((await client.readBytes(wire.length)).toString()).toBe(wire);
      const broken = await stand.client();
      broken.send('GET /broken HTTP/1.1\r\nHost: x\r\n\r\n');
      await expect(broken.readBody(await broken.readHead())).rejects.toThrow(/./);
      expect((await stand.event('request.finished', 1)).errorCode).toBe('OCELOT_ERR_BACKEND_LOST');
    });
  });

  it('goes by the proxy of the environment where the route says so (UseProxy)', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = await backend((request, response) => {
      asked.push(request.url);
      request.resume().on('end', () => response.end('by proxy'));
    });
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = `http://127.0.0.1:${proxy}`;
    try {
      const options = { route: { HttpHandlerOptions: { UseProxy: true } } };
      const stand = await gateway([], {
        route: { ...options.route, DownstreamHostAndPorts: [{ Host: 'backend.test', Port: 81 }] },
      });
      expect(await ask(stand)).toEqual([200, 'by proxy']);
      expect(await ask(stand, CHUNKED)).toEqual([200, 'by proxy']);
      expect(asked).toEqual(['http://backend.test:81/', 'http://backend.test:81/']);
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
    }
  });

  it('opens no more connections to an endpoint than the route allows (MaxConnectionsPerServer)', async () => {
    let open = 0;
    let most = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => setTimeout(() => response.end('ok'), 10));
    });
    server.on('connection', (socket: Socket) => {
      open += 1;
      most = Math.max(most, open);
      socket.once('close', () => (open -= 1));
    });
    const port = await listening(server);
    const stand = await gateway([port], { route: { HttpHandlerOptions: { MaxConnectionsPerServer: 2 } } });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ask(stand, i % 2 === 0 ? CHUNKED : undefined)),
    );
    expect(answers.map(([status]) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(most).toBe(2);
  });

  it('uses no connection for longer than the route allows (PooledConnectionLifetimeSeconds)', async () => {
    const ports = new Set<number | undefined>();
    const port = await backend((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().on('end', () => response.end('ok'));
    });
    const stand = await gateway([port], { route: { HttpHandlerOptions: { PooledConnectionLifetimeSeconds: 1 } } });
    for (const request of [undefined, CHUNKED, undefined, CHUNKED]) await ask(stand, request);
    expect(ports.size).toBe(2);
    await new Promise((resolve) => {
      setTimeout(resolve, 1_100);
    });
    // The connection that is too old now serves once more, as an idle one would be noticed only then.
    for (const request of [undefined, CHUNKED, undefined, CHUNKED]) await ask(stand, request);
    expect(ports.size).toBeGreaterThan(2);
  });

  it('closes connections that nobody used for a while', async () => {
    let open = 0;
    const server = createServer({ keepAliveTimeout: 60_000 }, version);
    server.on('connection', (socket: Socket) => {
      open += 1;
      socket.once('close', () => (open -= 1));
    });
    const port = await listening(server);
    const stand = await gateway([port], { relay: { keepAliveMs: 50 } });
    await ask(stand);
    await ask(stand, CHUNKED);
    expect(open).toBeGreaterThan(0);
    await eventually(() => open === 0, 'idle connections are closed');
  });
});
