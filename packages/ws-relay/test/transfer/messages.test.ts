import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import type { Plugin } from '@ocelot/core';

import {
  closeFrame,
  closePayload,
  collectLeaks,
  decodeFrames,
  encodeFrame,
  eventually,
  type Frame,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';
import { type Ends, openEnds, pass, tapped, text } from '../message-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

async function open(plugin: Plugin = tapped(pass), settings: object = {}): Promise<Ends> {
  stand = await gatewayStand([backend.port], { settings: { CloseTimeoutMs: 200, ...settings }, plugins: [plugin] });
  return openEnds(stand, backend);
}

const summary = async () => (await stand.event('session.closed')).summary;
const words = (frames: readonly Frame[]): readonly string[] => frames.map(({ payload }) => payload.toString());

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('passes messages', () => {
  it('both ways, masked anew towards the backend and unmasked towards the client (RFC 6455 §5.1)', async () => {
    const { client, connection } = await open();
    client.send(text('hello', true));
    expect(await connection.readFrame()).toMatchObject({ masked: true, opcode: 1, payload: Buffer.from('hello') });
    connection.send(text('back'));
    expect(await client.readFrame()).toMatchObject({ masked: false, payload: Buffer.from('back') });
  });

  it.each([0, 1, 125, 126, 127, 191, 192, 65_535, 65_536, 200_001, 1_048_576])(
    'of %i bytes, with the shortest length there is (RFC 6455 §5.2)',
    async (size) => {
      const { client, connection } = await open();
      const payload = randomBytes(size);
      client.send(encodeFrame({ opcode: OPCODE.binary, payload, mask: true }));
      const there = await connection.readFrame();
      expect(there.payload.equals(payload)).toBe(true);
      connection.send(encodeFrame({ opcode: OPCODE.binary, payload }));
      const header = size < 126 ? 2 : size < 65_536 ? 4 : 10;
      const frame = await client.readBytes(header + size);
      expect(decodeFrames(frame).frames[0]?.payload.equals(payload)).toBe(true);
    },
  );

  it('put together from fragments, empty ones too, with the ping between them in its place (RFC 6455 §5.4)', async () => {
    const { client, connection } = await open();
    await client.sendInPieces([
      encodeFrame({ opcode: OPCODE.text, fin: false, payload: 'a', mask: true }),
      encodeFrame({ opcode: OPCODE.ping, payload: 'p', mask: true }),
      encodeFrame({ opcode: OPCODE.continuation, fin: false, mask: true }),
      encodeFrame({ opcode: OPCODE.continuation, payload: 'b', mask: true }),
    ]);
    const frames = await connection.readFrames(2);
    expect(frames.map(({ opcode, fin }) => [opcode, fin])).toEqual([
      [9, true],
      [1, true],
    ]);
    expect(words(frames)).toEqual(['p', 'ab']);
  });

  it('cut anywhere: byte by byte', async () => {
    const { client, connection } = await open();
    const stream = Buffer.concat([
      text('one', true),
      encodeFrame({ opcode: OPCODE.pong, payload: 'two', mask: true }),
      encodeFrame({ opcode: OPCODE.binary, fin: false, payload: 'th', mask: true }),
      encodeFrame({ opcode: OPCODE.continuation, payload: randomBytes(300), mask: true }),
      closeFrame(4000, 'bye', true),
    ]);
    await client.sendInPieces([...stream].map((byte) => Buffer.of(byte)));
    expect(words(await connection.readFrames(2))).toEqual(['one', 'two']);
    expect((await connection.readFrame()).payload).toHaveLength(302);
    expect(readClose(await connection.readFrame())).toEqual({ code: 4000, reason: 'bye' });
  });

  it('a hundred thousand of one byte, all counted', async () => {
    const { client, connection } = await open();
    const one = text('x', true);
    const count = 100_000;
    client.send(Buffer.concat(Array<Buffer>(count).fill(one)));
    await eventually(() => connection.bytesReceived >= count * one.length, 'all messages arrive', 15_000);
    client.send(closeFrame(1000, '', true));
    await eventually(() => connection.bytesReceived >= count * one.length + 8, 'the Close arrives');
    connection.send(closeFrame(1000));
    connection.end();
    client.end();
    expect((await summary()).fromClient).toEqual({ messages: count, bytes: count * one.length + 8 });
  });

  it('with the subprotocol of the backend, and no extension of the client (RFC 6455 §9.1)', async () => {
    stand = await gatewayStand([backend.port], { plugins: [tapped(pass)] });
    const { request, answer } = await openEnds(
      stand,
      backend,
      { 'Sec-WebSocket-Protocol': 'chat', 'Sec-WebSocket-Extensions': 'permessage-deflate, x-other' },
      { 'Sec-WebSocket-Protocol': 'chat' },
    );
    expect(request.get('sec-websocket-extensions')).toBeUndefined();
    expect(answer.get('sec-websocket-extensions')).toBeUndefined();
    expect(answer.get('sec-websocket-protocol')).toBe('chat');
  });
});

describe('refuses', () => {
  it('text that is not UTF-8 with 1007, behind what came before it (RFC 6455 §8.1)', async () => {
    const { client, connection } = await open();
    const bad = encodeFrame({ opcode: OPCODE.text, payload: Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80]), mask: true });
    client.send(Buffer.concat([text('good', true), bad]));
    expect((await connection.readFrame()).payload.toString()).toBe('good');
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    expect(readClose(await client.readFrame()).code).toBe(1007);
    connection.send(closeFrame(1001));
    connection.end();
    client.end();
    expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: 'OCELOT_ERR_FRAME_INVALID' });
  });

  it('text of the backend that is not UTF-8 with 1007', async () => {
    const { client, connection } = await open();
    connection.send(encodeFrame({ opcode: OPCODE.text, payload: Buffer.from([0xff]) }));
    expect(readClose(await connection.readFrame()).code).toBe(1007);
    expect(readClose(await client.readFrame()).code).toBe(1014);
  });

  it('text whose character is split over two fragments only when it stays broken', async () => {
    const { client, connection } = await open();
    const euro = Buffer.from('€');
    const first = { opcode: OPCODE.text, fin: false, payload: euro.subarray(0, 1), mask: true };
    client.sendFrame(first);
    client.sendFrame({ opcode: OPCODE.continuation, payload: euro.subarray(1), mask: true });
    expect((await connection.readFrame()).payload.toString()).toBe('€');
    client.sendFrame(first);
    client.sendFrame({ opcode: OPCODE.continuation, payload: euro.subarray(2), mask: true });
    expect(readClose(await client.readFrame()).code).toBe(1007);
  });

  it('a message above MaxMessageBytes with 1009, over all its fragments', async () => {
    const { client, connection } = await open(tapped(pass), { MaxMessageBytes: 1000 });
    client.sendFrame({ opcode: OPCODE.binary, payload: randomBytes(1000), mask: true });
    expect((await connection.readFrame()).payload).toHaveLength(1000);
    client.sendFrame({ opcode: OPCODE.binary, fin: false, payload: randomBytes(600), mask: true });
    client.sendFrame({ opcode: OPCODE.continuation, payload: randomBytes(401), mask: true });
    expect(readClose(await client.readFrame()).code).toBe(1009);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
  });

  it('a message above 16 MiB where the route has no limit: whole messages are kept in memory', async () => {
    const { client } = await open();
    client.sendFrame({ opcode: OPCODE.binary, mask: true, claimedLength: 16_777_217n });
    expect(readClose(await client.readFrame()).code).toBe(1009);
  });

  it('more fragments than MaxFramesPerMessage with 1008', async () => {
    const { client } = await open(tapped(pass), { MaxFramesPerMessage: 3 });
    client.sendFrame({ opcode: OPCODE.text, fin: false, payload: 'a', mask: true });
    for (let index = 0; index < 3; index += 1) {
      client.sendFrame({ opcode: OPCODE.continuation, fin: false, payload: 'b', mask: true });
    }
    expect(readClose(await client.readFrame()).code).toBe(1008);
  });
});

describe('closes as in framed mode', () => {
  it.each([1000, 1001, 1007, 1011, 3000, 4999])('passes code %i and its reason, and its answer (S18)', async (code) => {
    const { client, connection } = await open();
    connection.send(closeFrame(code, 'why'));
    expect(readClose(await client.readFrame())).toEqual({ code, reason: 'why' });
    client.send(closeFrame(code, '', true));
    const answer = await connection.readFrame();
    expect([answer.masked, readClose(answer).code]).toEqual([true, code]);
    await client.ended;
    connection.end();
    client.end();
    expect(await summary()).toMatchObject({ closedBy: 'backend', closeCode: code, errorCode: undefined });
  });

  it('passes an empty Close as an empty one', async () => {
    const { client, connection } = await open();
    client.send(closeFrame(undefined, '', true));
    expect((await connection.readFrame()).payload).toEqual(closePayload());
  });

  it('tells the client 1014 when the backend is lost, also inside a frame: no half message was passed on', async () => {
    const { client, connection } = await open();
    connection.send(Buffer.concat([text('whole'), text('half').subarray(0, 4)]));
    connection.end();
    expect((await client.readFrame()).payload.toString()).toBe('whole');
    expect(readClose(await client.readFrame()).code).toBe(1014);
  });

  it('tells the backend 1001 when the client is lost', async () => {
    const { client, connection } = await open();
    client.reset();
    expect(readClose(await connection.readFrame()).code).toBe(1001);
  });

  it('drains between two messages: what has begun is waited for, within bounds', async () => {
    const { client, connection } = await open(tapped(pass), { CloseTimeoutMs: 1000 });
    client.sendFrame({ opcode: OPCODE.text, fin: false, payload: 'a', mask: true });
    connection.send(text('sync'));
    await client.readFrame();
    const drained = stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    client.sendFrame({ opcode: OPCODE.continuation, payload: 'b', mask: true });
    expect((await connection.readFrame()).payload.toString()).toBe('ab');
    expect(readClose(await connection.readFrame()).code).toBe(1012);
    expect(readClose(await client.readFrame()).code).toBe(1012);
    client.send(closeFrame(1012, '', true));
    connection.send(closeFrame(1012));
    connection.end();
    client.end();
    expect(await drained).toMatchObject({ clean: 1 });
  });
});

describe('backpressure (S15)', () => {
  const size = 32 * 1024 * 1024;

  it.each(['client', 'backend'] as const)('holds the sender back while the %s does not read', async (slow) => {
    const { client, connection } = await open();
    const [reader, writer] = slow === 'client' ? [client, connection] : [connection, client];
    reader.pause();
    const block = encodeFrame({ opcode: OPCODE.binary, payload: randomBytes(65_536), mask: slow === 'backend' });
    let sent = 0;
    for (; sent < size; sent += block.length) writer.send(block);
    await eventually(() => writer.socket.writableLength > size / 2, 'the sender is held back');
    const before = reader.bytesReceived;
    reader.resume();
    await eventually(() => reader.bytesReceived - before >= sent, 'everything arrives', 15_000);
    expect(writer.socket.writableLength).toBe(0);
  });

  it('gives a slow client the tail of a backend that has gone, beyond the close timeout', async () => {
    const { client, connection } = await open();
    client.pause();
    const payload = randomBytes(1024 * 1024);
    connection.send(Buffer.concat([...Array<Buffer>(6).fill(encodeFrame({ opcode: 2, payload })), closeFrame(1000)]));
    connection.end();
    const pace = setInterval(() => {
      client.resume();
      setTimeout(() => client.pause(), 1);
    }, 60);
    onTestFinished(() => clearInterval(pace));
    const frames = await client.readFrames(6);
    expect(frames.every((frame) => frame.payload.equals(payload))).toBe(true);
    expect(readClose(await client.readFrame()).code).toBe(1000);
  });
});

describe('frames of a session with a hook', () => {
  it('are shown to observers too, as they came', async () => {
    const seen: string[] = [];
    const { client, connection } = await open(
      tapped({
        ...pass,
        observe: () => ({
          frame: (direction, { opcode, isFinal, payloadBytes }) =>
            void seen.push(`${direction} ${opcode} ${isFinal} ${payloadBytes}`),
        }),
      }),
    );
    client.sendFrame({ opcode: OPCODE.text, fin: false, payload: 'a', mask: true });
    client.sendFrame({ opcode: OPCODE.continuation, payload: 'bc', mask: true });
    await connection.readFrame();
    connection.send(text('back'));
    await client.readFrame();
    expect(seen).toEqual(['to-backend 1 false 1', 'to-backend 0 true 2', 'to-client 1 true 4']);
  });

  it("stand beside the gateway's own pings, whose pongs go no further (S17, S22)", async () => {
    const { client, connection } = await open(tapped(pass), { Ping: { IntervalMs: 50, TimeoutMs: 5000 } });
    client.sendFrame({ opcode: OPCODE.text, fin: false, payload: 'a', mask: true });
    const toClient = await client.readFrame();
    const toBackend = await connection.readFrame();
    expect([toClient.opcode, toBackend.opcode]).toEqual([OPCODE.ping, OPCODE.ping]);
    client.sendFrame({ opcode: OPCODE.pong, payload: toClient.payload, mask: true });
    client.sendFrame({ opcode: OPCODE.continuation, payload: 'b', mask: true });
    const next = await connection.readFrame();
    expect([next.opcode, next.payload.toString()]).toEqual([OPCODE.text, 'ab']);
  });
});
