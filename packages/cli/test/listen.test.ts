import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { type Gateway, type Logger, type Plugin, createGateway, readConfiguration } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { type ListenOptions, type Listener, listen } from '../src/listen.js';
import { exchange, rawConnection } from './raw-connection.js';

const chat = {
  UpstreamPathTemplate: '/chat/{room}',
  DownstreamPathTemplate: '/{room}',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
};

/** A registry that knows nobody: plain requests are never to ask it. */
const fixed: Plugin = {
  name: 'fixed',
  setup: (registry) =>
    registry.discovery('Fixed', () => ({
      subscribe: () => {
        throw new Error('A plain request asked the registry.');
      },
      close: async () => undefined,
    })),
};

async function startGateway(settings: object = {}, log: Logger = new MemoryLogger()): Promise<Gateway> {
  const file = { Routes: [chat], GlobalConfiguration: { Gateway: settings } };
  const gateway = await createGateway({ config: readConfiguration(file), log, plugins: [fixed] });
  onTestFinished(async () => void (await gateway.drain({ deadlineMs: 0, spreadMs: 0 })));
  return gateway;
}

async function open(
  options: Partial<ListenOptions> = {},
  settings: object = {},
): Promise<Listener & { readonly port: number }> {
  const listener = await listen(await startGateway(settings), { host: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => {
    listener.stop();
    listener.destroy();
  });
  return { ...listener, port: Number(new URL(listener.url).port) };
}

const get = (path: string, ...headers: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, 'Connection: close', '', ''].join('\r\n');

describe('listen', () => {
  it('tells the address it was given', async () => {
    const { url, port } = await open();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(port).toBeGreaterThan(0);
  });

  it('puts an IPv6 address into brackets', async () => {
    expect((await open({ host: '::1' })).url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  it('refuses a port that is taken, with exit code 3', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;

    await expect(listen(await startGateway(), { host: '127.0.0.1', port })).rejects.toMatchObject({
      exitCode: 3,
      message: `Port ${port} on 127.0.0.1 is taken by another process.`,
      hint: expect.stringContaining('--port'),
    });
  });

  it.each(['203.0.113.1', 'no-such-host.invalid', 'fe80::1'])(
    'refuses the host %s, which is none of ours',
    async (host) => {
      await expect(listen(await startGateway(), { host, port: 0 })).rejects.toMatchObject({
        exitCode: 2,
        message: `${host} is no address of this machine.`,
      });
    },
  );

  it('lets nobody in once it was stopped', async () => {
    const listener = await open();
    listener.stop();
    await expect(exchange(listener.port, get('/'))).rejects.toThrow('ECONNREFUSED');
  });

  it('cuts what is still connected when destroyed', async () => {
    const listener = await open();
    const socket = await rawConnection(listener.port);
    socket.write('GET / HTTP/1.1\r\n');
    listener.stop();
    const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    listener.destroy();
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});

describe('a plain request, as long as nothing relays it', () => {
  it('is answered with 426 and what to do where a route matches (RFC 9110 §15.5.22)', async () => {
    const answer = await exchange((await open()).port, get('/chat/1'));
    expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    expect(answer).toMatch(/^Upgrade: websocket\r$/m);
    expect(answer).toContain('plain HTTP requests are not relayed by this version');
  });

  it('is answered with 404 where no route matches', async () => {
    const answer = await exchange((await open()).port, get('/nowhere'));
    expect(answer).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(answer).toContain('OCELOT_ERR_ROUTE_NOT_FOUND');
  });

  it('is answered with 400 when its target cannot be read safely', async () => {
    expect(await exchange((await open()).port, get('/chat\\1'))).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('is matched against the routes in force after a reload', async () => {
    const gateway = await startGateway();
    const listener = await listen(gateway, { host: '127.0.0.1', port: 0 });
    onTestFinished(() => listener.stop());
    const port = Number(new URL(listener.url).port);
    expect(await exchange(port, get('/news/1'))).toMatch(/ 404 /);

    await gateway.reload(readConfiguration({ Routes: [{ ...chat, UpstreamPathTemplate: '/news/{room}' }] }));

    expect(await exchange(port, get('/news/1'))).toMatch(/ 426 /);
    expect(await exchange(port, get('/chat/1'))).toMatch(/ 404 /);
  });

  it('is answered with 426 where dynamic routing finds a service in the path', async () => {
    const gateway = await startGateway();
    const listener = await listen(gateway, { host: '127.0.0.1', port: 0 });
    onTestFinished(() => listener.stop());
    const port = Number(new URL(listener.url).port);

    await gateway.reload(
      readConfiguration({ GlobalConfiguration: { ServiceDiscoveryProvider: { Type: 'Fixed', Port: 1 } } }),
    );

    expect(await exchange(port, get('/orders/live'))).toMatch(/ 426 /);
    expect(await exchange(port, get('/'))).toMatch(/ 404 /);
  });
});

describe('a client that does not speak properly', () => {
  it('gets 400 for what is no HTTP', async () => {
    expect(await exchange((await open()).port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it('gets 431 for more headers than anybody needs, instead of having some dropped silently', async () => {
    const flood = Array.from({ length: 3_000 }, (_, index) => `X-Header-${index}: ${'v'.repeat(30)}`);
    expect(await exchange((await open()).port, get('/chat/1', ...flood))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('may send a cookie of 16 KiB and as much in the query', async () => {
    const big = 'x'.repeat(16 * 1024);
    expect(await exchange((await open()).port, get(`/chat/1?token=${big}`, `Cookie: a=${big}`))).toMatch(/ 426 /);
  });

  it('may send a thousand headers; more get 431 instead of having some dropped silently', async () => {
    // Host and Connection stand in each head.
    const headers = (count: number): string[] => Array.from({ length: count - 2 }, (_, index) => `X-${index}: 1`);
    const { port } = await open();
    expect(await exchange(port, get('/chat/1', ...headers(1_000)))).toMatch(/ 426 /);
    expect(await exchange(port, get('/chat/1', ...headers(1_001)))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await exchange(port, get('/chat/1', 'Upgrade: websocket', ...headers(3_000)))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('gets 431 beyond MaxHeaderBytes', async () => {
    const { port } = await open({}, { MaxHeaderBytes: 2048 });
    expect(await exchange(port, get('/chat/1', `X-A: ${'a'.repeat(1500)}`))).toMatch(/ 426 /);
    expect(await exchange(port, get('/chat/1', `X-A: ${'a'.repeat(2500)}`))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('gets 408 when the head does not come to its end (slowloris)', async () => {
    const { port } = await open({ checkIntervalMs: 20 }, { HeadersTimeoutMs: 100 });
    expect(await exchange(port, 'GET / HTTP/1.1\r\nHost: loc')).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('is cut in bounded time when it connects and says nothing', async () => {
    const { port } = await open({ checkIntervalMs: 20 }, { HeadersTimeoutMs: 100 });
    expect(await exchange(port, '')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('gets 405 for CONNECT: this is no forward proxy', async () => {
    const { port } = await open();
    expect(await exchange(port, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
  });

  it('may reset its connection in the middle of a head', async () => {
    const { port } = await open();
    const socket = await rawConnection(port);
    socket.write('GET / HT');
    socket.resetAndDestroy();
    await once(socket, 'close');
    expect(await exchange(port, get('/nowhere'))).toMatch(/ 404 /);
  });
});
