import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createGateway, readConfiguration } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { collectLeaks, echoBackend, type EchoBackend, type LeakWatch, rawClient } from '@ocelot/test-support';
import { webSocketRelay, wsRelay } from '../src/index.js';
import { gatewayStand, type GatewayStand } from './gateway-stand.js';

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

describe('a listener', () => {
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
