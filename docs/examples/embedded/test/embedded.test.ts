import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { TEST_CERTIFICATE } from '../../../../tools/test-support/src/test-certificate.ts';

interface Embedded {
  readonly server: Server;
  readonly reload: (configuration: object) => Promise<{ readonly revision: number }>;
  readonly stop: () => Promise<unknown>;
}

/** Starts one of the examples; they are JavaScript, as a reader would write them. */
async function embed(
  file: string,
  configuration: object,
  certificate?: typeof TEST_CERTIFICATE,
): Promise<Embedded & { readonly authority: string }> {
  const module = (await import(new URL(`../${file}`, import.meta.url).href)) as {
    readonly start: (configuration: object, certificate: typeof TEST_CERTIFICATE | undefined) => Promise<Embedded>;
  };
  const started = await module.start(configuration, certificate);
  if (!started.server.listening) await once(started.server, 'listening');
  return { ...started, authority: `localhost:${(started.server.address() as AddressInfo).port}` };
}

/** A backend that greets with its name and the path it was asked for. */
async function startBackend(name: string): Promise<number> {
  const http = createServer((request, response) => response.end(`${request.method} at ${request.url}`));
  const server = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  onTestFinished(() => {
    http.close();
    server.close();
  });
  server.on('connection', (socket, request) => socket.send(`${name} at ${request.url}`));
  await once(http, 'listening');
  return (http.address() as AddressInfo).port;
}

const routes = (...ports: readonly number[]): object => ({
  Routes: [
    {
      UpstreamPathTemplate: '/live/{room}',
      DownstreamPathTemplate: '/ws/{room}',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: ports.map((Port) => ({ Host: '127.0.0.1', Port })),
      LoadBalancerOptions: { Type: 'RoundRobin' },
    },
  ],
});

/** Opens a WebSocket and waits for its first message. */
async function greeted(url: string): Promise<{ readonly socket: WebSocket; readonly greeting: string }> {
  const socket = new WebSocket(url);
  const [greeting] = (await once(socket, 'message')) as [Buffer];
  return { socket, greeting: String(greeting) };
}

async function closeCode(socket: WebSocket): Promise<number> {
  return ((await once(socket, 'close')) as [number])[0];
}

it('answers the upgrades of a node:http server, reloads without cutting sockets, and drains with 1012', async () => {
  const [a, b, c] = [await startBackend('A'), await startBackend('B'), await startBackend('C')];
  const { authority, reload, stop } = await embed('node-http.mjs', routes(a, b));
  expect(await (await fetch(`http://${authority}/`)).text()).toBe('a page of your own\n');
  const first = await greeted(`ws://${authority}/live/1`);
  const second = await greeted(`ws://${authority}/live/2`);
  expect([first.greeting, second.greeting].toSorted()).toEqual(['A at /ws/1', 'B at /ws/2']);
  expect(await reload(routes(c))).toEqual({ revision: 2 });
  const third = await greeted(`ws://${authority}/live/3`);
  expect(third.greeting).toBe('C at /ws/3');
  const sockets = [first, second, third].map(({ socket }) => socket);
  expect(sockets.map(({ readyState }) => readyState)).toEqual([1, 1, 1]);
  const codes = Promise.all(sockets.map(closeCode));
  await stop();
  expect(await codes).toEqual([1012, 1012, 1012]);
});

it('serves requests and sockets of HTTP/1.1 and HTTP/2 on one port (RFC 8441)', async () => {
  const configuration = routes(await startBackend('A'));
  const { authority, stop } = await embed('node-http2.mjs', configuration, TEST_CERTIFICATE);
  const socket = new WebSocket(`wss://${authority}/live/1`, { rejectUnauthorized: false });
  const [greeting] = (await once(socket, 'message')) as [Buffer];
  expect(String(greeting)).toBe('A at /ws/1');
  const session = connect(`https://${authority}`, { rejectUnauthorized: false });
  await once(session, 'remoteSettings');
  const page = session.request({ ':method': 'POST', ':path': '/live/2' });
  page.end('body');
  expect(await text(page)).toBe('POST at /ws/2');
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/live/3',
    'sec-websocket-version': '13',
  });
  const [frame] = (await once(stream, 'data')) as [Buffer];
  expect(frame.subarray(2).toString()).toBe('A at /ws/3');
  const code = closeCode(socket);
  stream.resume().end();
  await stop();
  expect(await code).toBe(1012);
});

it.each([
  ['express.mjs', 'Express'],
  ['fastify.mjs', 'Fastify'],
])('%s keeps its pages and its own WebSocket beside the gateway', async (file, name) => {
  const { authority, stop } = await embed(file, routes(await startBackend('A')));
  expect(await (await fetch(`http://${authority}/`)).text()).toBe(`a page of ${name}`);
  const own = await greeted(`ws://${authority}/notices`);
  const relayed = await greeted(`ws://${authority}/live/7`);
  expect([own.greeting, relayed.greeting]).toEqual([`a notice of ${name}`, 'A at /ws/7']);
  const [error] = (await once(new WebSocket(`ws://${authority}/nowhere`), 'error')) as [Error];
  expect(error.message).toMatch(/404/);
  const code = closeCode(relayed.socket);
  const gone = closeCode(own.socket);
  own.socket.close();
  await Promise.all([gone, stop()]);
  expect(await code).toBe(1012);
});
