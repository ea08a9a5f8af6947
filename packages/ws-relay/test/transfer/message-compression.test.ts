import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { deflateRawSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import type { RouteTap } from '@ocelot/core';

import {
  closeFrame,
  collectLeaks,
  encodeFrame,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';
import { openEnds, pass, tapped } from '../message-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

const open = async (compression: object, tap: RouteTap = pass, settings: object = {}): Promise<void> => {
  stand = await gatewayStand([backend.port], {
    settings: { CloseTimeoutMs: 200, Compression: compression, ...settings },
    plugins: [tapped(tap)],
  });
};
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };

/** One message compressed as a client does it (RFC 7692 §7.2.1). */
function compressed(payload: Buffer): Buffer {
  return deflateRawSync(payload, { finishFlush: 2 }).subarray(0, -4);
}

describe('negotiation', () => {
  it.each([
    ['off', false, false],
    ['client', true, false],
    ['backend', false, true],
    ['both', true, true],
  ])('with Legs %s is between the gateway and each side', async (legs, client, server) => {
    await open({ Legs: legs });
    const accepted = server ? { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=10' } : {};
    const { request, answer } = await openEnds(stand, backend, OFFER, accepted);
    expect(request.get('sec-websocket-extensions')?.startsWith('permessage-deflate') ?? false).toBe(server);
    expect(answer.get('sec-websocket-extensions')).toBe(
      client
        ? 'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12'
        : undefined,
    );
  });

  it('refuses a backend that accepts what was not offered', async () => {
    await open({ Legs: 'client' });
    const client = await stand.client();
    const upgraded = client.upgrade({ headers: OFFER });
    const connection = await backend.connection();
    await connection.accept({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    expect((await upgraded).status).toBe(502);
  });
});

describe('messages', () => {
  it.each([
    [{ Legs: 'both', ThresholdBytes: 0 }, true],
    [{ Legs: 'both', ThresholdBytes: 100, WindowBits: 15, ContextTakeover: true }, true],
    [{ Legs: 'client', ThresholdBytes: 500 }, true],
    [{ Legs: 'backend', WindowBits: 9 }, false],
    [{ Legs: 'both' }, false],
  ])('pass between peers of ws under %j, in order, whatever their size', async (compression, perMessageDeflate) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
    await once(server, 'listening');
    server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
    await backend.close();
    stand = await gatewayStand([(server.address() as AddressInfo).port], {
      settings: { Compression: compression },
      plugins: [tapped(pass)],
    });
    const client = new WebSocket(`ws://127.0.0.1:${stand.port}/`, { perMessageDeflate });
    await once(client, 'open');
    const sent = Array.from({ length: 60 }, (_, index) =>
      index % 3 === 0
        ? `${index} small`
        : index % 3 === 1
          ? `${index} ${'long '.repeat(2000)}`
          : randomBytes(5000).toString('hex'),
    );
    const received: string[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('message', (data: Buffer) => {
        if (received.push(data.toString()) === sent.length) resolve();
      });
    });
    for (const message of sent) client.send(message);
    client.ping();
    await all;
    expect(received).toEqual(sent);
    client.close(4000, 'done');
    expect((await once(client, 'close'))[0]).toBe(4000);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('below the threshold are sent as they are, others compressed (RFC 7692 §6)', async () => {
    await open({ Legs: 'client', ThresholdBytes: 50 });
    const { client, connection } = await openEnds(stand, backend, OFFER);
    connection.sendFrame({ opcode: OPCODE.text, payload: 'x'.repeat(49) });
    connection.sendFrame({ opcode: OPCODE.text, payload: 'y'.repeat(500) });
    const [small, large] = await client.readFrames(2);
    expect([small?.rsv, small?.payload.length]).toEqual([0, 49]);
    expect(large?.rsv).toBe(4);
    expect(large?.payload.length).toBeLessThan(50);
  });

  it('that a plugin sends wait behind those that are being compressed, and so do pings', async () => {
    await open(
      { Legs: 'client', ThresholdBytes: 50 },
      {
        message: (session) => (message, direction) => {
          if (direction === 'to-backend') session.send('to-client', { type: 'text', data: Buffer.from('plugin') });
          return message;
        },
      },
    );
    const { client, connection } = await openEnds(stand, backend, OFFER);
    connection.send(
      Buffer.concat([
        encodeFrame({ opcode: OPCODE.text, payload: 'z'.repeat(100_000) }),
        encodeFrame({ opcode: OPCODE.ping, payload: 'p' }),
        closeFrame(1000),
      ]),
    );
    expect((await client.readFrames(3)).map(({ opcode }) => opcode)).toEqual([1, 9, 8]);
  });
});

describe('refuses', () => {
  it('a bomb with 1009: it is decompressed up to the limit only (S21, CVE-2026-1526)', async () => {
    await open({ Legs: 'client' }, pass, { MaxMessageBytes: 100_000 });
    const { client, connection } = await openEnds(stand, backend, OFFER);
    const before = process.memoryUsage().rss;
    client.sendFrame({
      opcode: OPCODE.binary,
      rsv: 4,
      payload: compressed(Buffer.alloc(64 * 1024 * 1024)),
      mask: true,
    });
    expect(readClose(await client.readFrame()).code).toBe(1009);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024);
    expect(await stand.line('session closed')).toMatchObject({ fields: { code: 'OCELOT_ERR_MESSAGE_TOO_BIG' } });
  });

  it.each([
    ['one byte more than the limit', 100_001, 1009],
    ['as much as the limit', 100_000, undefined],
  ])('by decompressed size: %s', async (_, size, code) => {
    await open({ Legs: 'client' }, pass, { MaxMessageBytes: 100_000 });
    const { client, connection } = await openEnds(stand, backend, OFFER);
    client.sendFrame({ opcode: OPCODE.binary, rsv: 4, payload: compressed(randomBytes(size)), mask: true });
    if (code === undefined) expect((await connection.readFrame()).payload).toHaveLength(size);
    else expect(readClose(await client.readFrame()).code).toBe(code);
  });

  it('an uncompressed message above the limit too', async () => {
    await open({ Legs: 'client' }, pass, { MaxMessageBytes: 100_000 });
    const { client } = await openEnds(stand, backend, OFFER);
    client.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(100_001), mask: true });
    expect(readClose(await client.readFrame()).code).toBe(1009);
  });

  it('what cannot be decompressed with 1007', async () => {
    await open({ Legs: 'client' });
    const { client } = await openEnds(stand, backend, OFFER);
    client.sendFrame({ opcode: OPCODE.binary, rsv: 4, payload: Buffer.alloc(20, 0xff), mask: true });
    expect(readClose(await client.readFrame()).code).toBe(1007);
  });

  it('text that is not UTF-8 once decompressed with 1007', async () => {
    await open({ Legs: 'client' });
    const { client } = await openEnds(stand, backend, OFFER);
    client.sendFrame({ opcode: OPCODE.text, rsv: 4, payload: compressed(Buffer.from([0xff, 0xfe])), mask: true });
    expect(readClose(await client.readFrame()).code).toBe(1007);
  });

  it('a compressed message of a side that agreed to none with 1002 (RFC 6455 §5.2)', async () => {
    await open({ Legs: 'client' });
    const { connection } = await openEnds(stand, backend, OFFER);
    connection.sendFrame({ opcode: OPCODE.binary, rsv: 4, payload: compressed(Buffer.from('x')) });
    expect(readClose(await connection.readFrame()).code).toBe(1002);
  });
});

it('a session that ends while zlib works leaves nothing behind', async () => {
  await open({ Legs: 'both', ThresholdBytes: 0 });
  for (let index = 0; index < 10; index += 1) {
    const { client, connection } = await openEnds(stand, backend, OFFER);
    client.sendFrame({ opcode: OPCODE.binary, rsv: 4, payload: compressed(randomBytes(500_000)), mask: true });
    connection.sendFrame({ opcode: OPCODE.binary, payload: randomBytes(500_000) });
    await new Promise((resolve) => setTimeout(resolve, index));
    client.reset();
    connection.reset();
    expect((await stand.event('session.closed', index)).summary.closedBy).toMatch(/client|backend/);
  }
});
