import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Gateway, createGateway, readConfiguration } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { listen } from '../src/listen.js';
import { exchange, rawConnection } from './raw-connection.js';

interface Subject {
  readonly gateway: Gateway;
  readonly port: number;
  readonly log: MemoryLogger;
}

const config = (settings: object) => readConfiguration({ Routes: [], GlobalConfiguration: { Gateway: settings } });

async function open(settings: object, host = '127.0.0.1'): Promise<Subject> {
  const log = new MemoryLogger();
  const gateway = await createGateway({ config: config(settings), log });
  const listener = await listen(gateway, { host, port: 0 });
  onTestFinished(async () => {
    listener.stop();
    listener.destroy();
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
  });
  return { gateway, log, port: Number(new URL(listener.url).port) };
}

/** Connections that say nothing, known to the gateway. */
async function silent(port: number, count: number): Promise<readonly Socket[]> {
  const sockets = await Promise.all(Array.from({ length: count }, () => rawConnection(port)));
  await sleep(20);
  return sockets;
}

const PLAIN = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

describe('ConnectionGate', () => {
  it('answers the connection beyond MaxPendingHandshakes with 503, without waiting for its request', async () => {
    const { port } = await open({ MaxPendingHandshakes: 2 });
    await silent(port, 2);
    const answer = await exchange(port, '');
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(answer).toMatch(/^Retry-After: \d+\r$/m);
    expect(answer).toMatch(/^Connection: close\r$/m);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(/^Content-Length: (\d+)\r?$/m.exec(head)?.[1]).toBe(String(body.length));
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: 'OCELOT_ERR_TOO_MANY_CONNECTIONS' });
  });

  it.each([
    ['a plain request', PLAIN],
    ['a handshake', 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['two requests', PLAIN + PLAIN],
  ])('gives who was refused that one answer, whatever it sends: %s', async (_, bytes) => {
    const { port } = await open({ MaxPendingHandshakes: 1 });
    await silent(port, 1);
    const answer = await exchange(port, bytes);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 503']);
  });

  it('lets the next one in as soon as one left', async () => {
    const { port } = await open({ MaxPendingHandshakes: 1 });
    const [first] = await silent(port, 1);
    expect(await exchange(port, PLAIN)).toMatch(/ 503 /);
    first?.destroy();
    await sleep(20);
    expect(await exchange(port, PLAIN)).toMatch(/ 404 /);
  });

  it('refuses beyond MaxConnectionsTotal', async () => {
    const { port } = await open({ MaxConnectionsTotal: 2, MaxPendingHandshakes: 0 });
    await silent(port, 2);
    expect(await exchange(port, PLAIN)).toMatch(/ 503 /);
  });

  it('takes the limits of a reload from the next connection on', async () => {
    const { port, gateway } = await open({ MaxPendingHandshakes: 1 });
    await silent(port, 1);
    expect(await exchange(port, PLAIN)).toMatch(/ 503 /);
    await gateway.reload(config({ MaxPendingHandshakes: 3 }));
    expect(await exchange(port, PLAIN)).toMatch(/ 404 /);
  });

  it('resets those that come in a flood instead of answering each, and says so in one line', async () => {
    const { port, log } = await open({ MaxPendingHandshakes: 1 });
    await silent(port, 1);
    const ends = await Promise.all(
      Array.from({ length: 400 }, async () => {
        // Half-open: who was answered stays until the gateway cuts it.
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        onTestFinished(() => void socket.destroy());
        return Promise.race([
          once(socket.resume(), 'end').then(() => 'answered'),
          once(socket, 'error').then(([error]: NodeJS.ErrnoException[]) => error?.code),
        ]).catch((error: NodeJS.ErrnoException) => error.code);
      }),
    );
    expect(ends.filter((end) => end === 'answered')).toHaveLength(256);
    expect(ends.filter((end) => end === 'ECONNRESET' || end === 'EPIPE')).toHaveLength(400 - 256);
    expect(log.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: expect.stringContaining('MaxPendingHandshakes') as string, fields: { openSessions: 0, pending: 1 } },
    ]);
  });

  it('ends those of a flood on a Unix-domain socket, which knows no reset, and goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ocelot-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'gateway.sock');
    const { gateway } = await open({ MaxConnectionsTotal: 1 }, `unix:${path}`);
    const sockets = Array.from({ length: 300 }, () =>
      connect({ path, allowHalfOpen: true })
        .on('error', () => undefined)
        .resume(),
    );
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    await Promise.all(sockets.slice(1).map((socket) => once(socket, 'end')));
    expect(sockets[0]?.readableEnded).toBe(false);
    expect(gateway.openSessions).toBe(0);
  });

  it('has no limit where it is 0', async () => {
    const { port } = await open({ MaxPendingHandshakes: 0 });
    await silent(port, 50);
    expect(await exchange(port, PLAIN)).toMatch(/ 404 /);
  });
});
