import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

import { createGateway, readConfiguration } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import {
  collectLeaks,
  echoBackend,
  type EchoBackend,
  http2Client,
  type LeakWatch,
  OPCODE,
  rawClient,
  rawHttp2,
  TEST_CERTIFICATE,
} from '@ocelot/test-support';
import { webSocketRelay, wsRelay } from '../src/index.js';
import { gatewayStand, type GatewayStand } from './gateway-stand.js';
import { http2Stand } from './http2-stand.js';

let leaks: LeakWatch;
let backend: EchoBackend;
let stand: GatewayStand;

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await echoBackend({ perMessageDeflate: true, handleProtocols: (offered) => [...offered].at(-1) ?? false });
  stand = await gatewayStand([backend.port]);
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

const closed = async (socket: WebSocket): Promise<number> => ((await once(socket, 'close')) as [number])[0];

describe('with the ws package on both ends', () => {
  it('carries subprotocol, compression, big messages and close codes end to end', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${stand.port}/room`, ['v1', 'v2'], { perMessageDeflate: true });
    await once(socket, 'open');
    expect(socket.protocol).toBe('v2');
    expect(socket.extensions).toContain('permessage-deflate');
    const message = 'compress me '.repeat(250_000);
    socket.send(message);
    const [echo] = (await once(socket, 'message')) as [Buffer];
    expect(echo.toString()).toBe(message);
    socket.close(4321, 'enough');
    expect(await closed(socket)).toBe(4321);
    const { summary } = await stand.event('session.closed');
    expect(summary).toMatchObject({ closeCode: 4321, closeReason: 'enough', errorCode: undefined });
    // Bytes are counted as they pass, compressed.
    expect(summary.fromClient.bytes).toBeLessThan(message.length / 10);
  });

  it('relays a server-side terminate as 1014, not as 1006', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${stand.port}/`);
    await once(socket, 'open');
    for (const one of backend.sockets) one.terminate();
    expect(await closed(socket)).toBe(1014);
  });
});

describe('wsRelay', () => {
  it('registers the relay, so that a host finds it', async () => {
    const config = readConfiguration({ Routes: [] });
    const gateway = await createGateway({ config, plugins: [wsRelay()] });
    expect(gateway.relays.map(({ kind }) => kind)).toEqual(['upgrade']);
    await gateway.drain();
  });
});

describe('accepts', () => {
  it("leaves the server's other upgrades to its other listeners, untouched", async () => {
    const server = createServer();
    const own = new WebSocketServer({ noServer: true });
    server.on(
      'upgrade',
      webSocketRelay({ accepts: ({ url }) => url?.startsWith('/live/') === true }).listener(stand.gateway),
    );
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/own') own.handleUpgrade(request, socket, head, (one) => one.send('mine'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const mine = new WebSocket(`ws://127.0.0.1:${port}/own`);
    expect(String(((await once(mine, 'message')) as [Buffer])[0])).toBe('mine');
    const relayed = new WebSocket(`ws://127.0.0.1:${port}/live/a`);
    await once(relayed, 'open');
    expect(backend.requests.map(({ url }) => url)).toEqual(['/live/a']);
    mine.terminate();
    relayed.terminate();
    await stand.event('session.closed');
    for (const one of own.clients) one.terminate();
    server.close();
  });
});

describe('several gateways in one process', () => {
  it('do not know of each other: one drains, the other goes on', async () => {
    const other = await gatewayStand([backend.port]);
    const here = new WebSocket(`ws://127.0.0.1:${stand.port}/`);
    const there = new WebSocket(`ws://127.0.0.1:${other.port}/`);
    await Promise.all([once(here, 'open'), once(there, 'open')]);
    const ended = closed(here);
    await stand.gateway.drain({ spreadMs: 0, deadlineMs: 5000 });
    expect(await ended).toBe(1012);
    there.send('still here');
    expect(String(((await once(there, 'message')) as [Buffer])[0])).toBe('still here');
    expect([stand.gateway.openSessions, other.gateway.openSessions]).toEqual([0, 1]);
    there.terminate();
    await other.close();
  });
});

describe('HTTP/2 and HTTP/1.1 on one port, by ALPN', () => {
  it('both carry WebSockets, and a CONNECT over HTTP/1.1 is refused', async () => {
    const relay = webSocketRelay();
    const server = createSecureServer({
      ...TEST_CERTIFICATE,
      allowHTTP1: true,
      settings: { enableConnectProtocol: true },
    });
    server.on('request', (_request, response) => response.writeHead(404).end());
    server.on('upgrade', relay.listener(stand.gateway));
    server.on('connect', relay.connectListener(stand.gateway));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const over1 = new WebSocket(`wss://127.0.0.1:${port}/one`, { rejectUnauthorized: false });
    await once(over1, 'open');
    over1.send('over HTTP/1.1');
    expect(String(((await once(over1, 'message')) as [Buffer])[0])).toBe('over HTTP/1.1');
    over1.terminate();

    const client = await http2Client(port, { rejectUnauthorized: false });
    const over2 = client.open({ path: '/two' });
    over2.sendFrame({ opcode: OPCODE.text, payload: 'over HTTP/2', mask: true });
    expect((await over2.readFrame()).payload.toString()).toBe('over HTTP/2');
    client.destroy();

    const tunnel = await rawClient(port, { tls: { rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] } });
    tunnel.send('CONNECT inside.test:22 HTTP/1.1\r\nHost: inside.test:22\r\n\r\nSSH-2.0-x\r\n');
    expect((await tunnel.readHead()).status).toBe(400);
    await tunnel.ended;
    tunnel.destroy();

    await stand.event('session.closed', 1);
    expect(backend.requests.map(({ url }) => url)).toEqual(['/one', '/two']);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  });
});

describe('a listener', () => {
  it('survives streams and connections of HTTP/2 that go at any moment (S28)', async () => {
    const over2 = await http2Stand([backend.port]);
    for (let i = 0; i < 20; i += 1) {
      const client = await rawHttp2(over2.port);
      client.connect(1);
      client.connect(3);
      client.sendData(3, Buffer.from([0x81]));
      await new Promise((resolve) => setTimeout(resolve, i / 4));
      client.resetStream(1, i % 9);
      client.reset();
    }
    const socket = (await over2.client()).open();
    expect(await socket.status()).toBe(200);
    await over2.close();
    expect(over2.gateway.openSessions).toBe(0);
  });

  it('survives a client that resets at any moment of the handshake (S28)', async () => {
    for (let i = 0; i < 30; i += 1) {
      const client = await rawClient(stand.port);
      client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
      client.send('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
      await new Promise((resolve) => setTimeout(resolve, i / 5));
      client.reset();
    }
    const socket = new WebSocket(`ws://127.0.0.1:${stand.port}/`);
    await once(socket, 'open');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
  });
});
