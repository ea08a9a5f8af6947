// Situation: WebSockets are streams of one HTTP/2 connection.
// Action: frames cut into DATA of any size, streams that end, break and are reset, a client that leaves, a drain.
// Expected: every byte in order, every end told with its code to the other side, and neighbours undisturbed.
import { randomBytes } from 'node:crypto';

import {
  closeFrame,
  decodeFrames,
  encodeFrame,
  H2,
  H2_CODE,
  H2_FLAG,
  OPCODE,
  type RawHttp2,
  readClose,
  switchingHead,
} from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { H2Stand, h2Stand, socketFields, verdictOf } from './h2-stand.js';
import { route } from './stand.js';
import type { Call } from './switchboard.js';

const subject = h2Stand((port) => ({
  Routes: [route('/ws/{everything}', port, { Gateway: { CloseTimeoutMs: 500 } })],
}));

/** Opens a WebSocket on a stream of a client that writes its frames itself. */
async function openRaw(stream = 1, client?: RawHttp2): Promise<Call & { readonly raw: RawHttp2 }> {
  const raw = client ?? (await subject.raw());
  const path = subject.target();
  raw.sendHeaders(stream, socketFields(path));
  const call = await subject.backend.call(path);
  call.connection.send(switchingHead(call.head.get('sec-websocket-key') ?? ''));
  expect(await verdictOf(raw, stream)).toEqual({ status: 200 });
  return { ...call, raw };
}

/** Waits for the DATA of one Close frame. */
async function readCloseOf(raw: RawHttp2, stream = 1): Promise<ReturnType<typeof readClose>> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    bytes = Buffer.concat([bytes, (await raw.read(H2.data, stream)).payload]);
    const last = decodeFrames(bytes).frames.at(-1);
    if (last?.opcode === OPCODE.close) return readClose(last);
  }
}

const messages = [
  encodeFrame({ opcode: OPCODE.text, payload: 'first', mask: true }),
  encodeFrame({ opcode: OPCODE.binary, payload: randomBytes(300), mask: true, fin: false }),
  encodeFrame({ opcode: OPCODE.ping, payload: 'between', mask: true }),
  encodeFrame({ opcode: OPCODE.continuation, payload: randomBytes(70_000), mask: true }),
  encodeFrame({ opcode: OPCODE.text, payload: '', mask: true }),
];
const whole = Buffer.concat(messages);

describe('frames of a WebSocket over HTTP/2 (RFC 8441 §5)', () => {
  it.each([7, 125, 1_000, 16_384])('pass intact in DATA of %i bytes', async (size) => {
    const { raw, connection } = await openRaw();
    // The window of a stream is 64 KiB at first: what is beyond waits for WINDOW_UPDATE.
    let allowed = 65_535;
    for (let at = 0; at < whole.length; at += size) {
      const piece = whole.subarray(at, at + size);
      while (allowed < piece.length) allowed += (await raw.read(H2.windowUpdate, 1)).payload.readUInt32BE(0);
      raw.sendData(1, piece);
      allowed -= piece.length;
    }
    expect((await connection.readBytes(whole.length)).equals(whole)).toBe(true);
  });

  it('pass intact byte by byte, with empty and padded DATA between them (RFC 9113 §6.1)', async () => {
    const { raw, connection } = await openRaw();
    const frame = encodeFrame({ opcode: OPCODE.text, payload: 'x'.repeat(200), mask: true });
    for (const byte of frame) {
      raw.sendHttp2(H2.data, H2_FLAG.padded, 1, Buffer.from([3, byte, 0, 0, 0]));
      if (byte % 16 === 0) raw.sendData(1, Buffer.alloc(0));
    }
    expect((await connection.readBytes(frame.length)).equals(frame)).toBe(true);
  });

  it('of the backend reach the client in order, as its windows allow (RFC 9113 §5.2)', async () => {
    const raw = await subject.raw({ initialWindow: 100 });
    const { connection } = await openRaw(1, raw);
    const frame = encodeFrame({ opcode: OPCODE.binary, payload: randomBytes(2_000) });
    connection.send(frame);
    const parts: Buffer[] = [];
    for (let size = 0; size < frame.length;) {
      const { payload } = await raw.read(H2.data, 1);
      expect(payload.length).toBeLessThanOrEqual(100);
      parts.push(payload);
      size += payload.length;
      raw.sendWindow(1, payload.length);
    }
    expect(Buffer.concat(parts).equals(frame)).toBe(true);
  });

  it('sent before the 200 reach the backend behind its 101, not earlier (S8, CVE-2026-2833)', async () => {
    const raw = await subject.raw();
    const path = subject.target();
    raw.sendHeaders(1, socketFields(path));
    raw.sendData(1, messages[0] ?? Buffer.alloc(0));
    const { connection, head } = await subject.backend.call(path);
    await subject.servesOthers();
    expect(connection.unread).toHaveLength(0);
    const greeting = encodeFrame({ opcode: OPCODE.text, payload: 'welcome' });
    connection.send(Buffer.concat([Buffer.from(switchingHead(head.get('sec-websocket-key') ?? '')), greeting]));
    expect(await verdictOf(raw, 1)).toEqual({ status: 200 });
    expect((await raw.read(H2.data, 1)).payload.equals(greeting)).toBe(true);
    expect((await connection.readFrame()).payload.toString()).toBe('first');
  });

  it('of a stream that is not read do not hold up its neighbours', async () => {
    const raw = await subject.raw({ initialWindow: 500 });
    const [slow, quick] = [await openRaw(1, raw), await openRaw(3, raw)];
    slow.connection.sendFrame({ opcode: OPCODE.binary, payload: randomBytes(500_000) });
    await raw.read(H2.data, 1);
    quick.connection.sendFrame({ opcode: OPCODE.text, payload: 'quick' });
    expect((await raw.read(H2.data, 3)).payload.toString()).toContain('quick');
  });

  it('without a mask are answered with 1002, and the neighbours go on (RFC 6455 §5.1)', async () => {
    const { raw, connection } = await openRaw();
    const neighbour = await openRaw(3, raw);
    raw.sendData(1, encodeFrame({ opcode: OPCODE.text, payload: 'bare' }));
    expect((await readCloseOf(raw)).code).toBe(1002);
    connection.end();
    await connection.ended;
    neighbour.connection.sendFrame({ opcode: OPCODE.text, payload: 'still' });
    expect((await raw.read(H2.data, 3)).payload.toString()).toContain('still');
  });
});

describe('the end of a WebSocket over HTTP/2', () => {
  it.each([1000, 1001, 3000, 4999])(
    'by a Close of the client passes with its code %i, then END_STREAM (S18, S19)',
    async (code) => {
      const { raw, connection } = await openRaw();
      raw.sendData(1, closeFrame(code, 'bye', true));
      expect(readClose(await connection.readFrame())).toEqual({ code, reason: 'bye' });
      connection.send(closeFrame(code, 'bye'));
      // The server of a leg closes its TCP connection first (RFC 6455 §7.1.1).
      connection.end();
      expect(await readCloseOf(raw)).toEqual({ code, reason: 'bye' });
      const last = raw.frames.at(-1);
      if (((last?.flags ?? 0) & H2_FLAG.endStream) === 0) {
        expect((await raw.read(H2.data, 1)).flags & H2_FLAG.endStream).toBe(H2_FLAG.endStream);
      }
      await connection.ended;
    },
  );

  it.each([1000, 1011, 4000])('by a Close of the backend passes with its code %i', async (code) => {
    const { raw, connection } = await openRaw();
    connection.send(closeFrame(code, 'enough'));
    expect(await readCloseOf(raw)).toEqual({ code, reason: 'enough' });
    raw.sendData(1, closeFrame(code, '', true), H2_FLAG.endStream);
    expect(readClose(await connection.readFrame()).code).toBe(code);
    connection.end();
    await connection.ended;
  });

  it('by the loss of the backend is told with 1014, and the connection goes on', async () => {
    const { raw, connection } = await openRaw();
    connection.reset();
    expect((await readCloseOf(raw)).code).toBe(1014);
    await openRaw(3, raw);
  });

  it.each<[string, (raw: RawHttp2) => void]>([
    ['RST_STREAM', (raw) => raw.resetStream(1, H2_CODE.cancel)],
    ['END_STREAM without a Close', (raw) => raw.sendData(1, Buffer.alloc(0), H2_FLAG.endStream)],
    ['the end of the whole connection', (raw) => raw.destroy()],
  ])('by %s is told to the backend with 1001 (RFC 8441 §5, S16)', async (_what, leave) => {
    const { raw, connection } = await openRaw();
    leave(raw);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    connection.end();
    await connection.ended;
  });

  it('by RST_STREAM in the middle of a message ends the backend, without half a frame made whole (S16)', async () => {
    const { raw, connection } = await openRaw();
    const neighbour = await openRaw(3, raw);
    const frame = encodeFrame({ opcode: OPCODE.binary, payload: randomBytes(5_000), mask: true });
    raw.sendData(1, frame.subarray(0, 2_000));
    await connection.readBytes(2_000);
    raw.resetStream(1, H2_CODE.cancel);
    expect(await connection.readToEnd()).toHaveLength(0);
    neighbour.connection.sendFrame({ opcode: OPCODE.text, payload: 'still' });
    expect((await raw.read(H2.data, 3)).payload.toString()).toContain('still');
  });

  it('before the 200, by RST_STREAM, aborts the attempt at the backend (S10)', async () => {
    const raw = await subject.raw();
    const path = subject.target();
    raw.sendHeaders(1, socketFields(path));
    const { connection } = await subject.backend.call(path);
    raw.resetStream(1, H2_CODE.cancel);
    await connection.ended;
    await openRaw(3, raw);
    expect(raw.frames.some(({ type }) => type === H2.goaway)).toBe(false);
  });
});

describe('a gateway that stops', () => {
  it('says GOAWAY, closes WebSockets with 1012, and exits with 0 (RFC 9113 §6.8, S25)', async () => {
    const stopping = new H2Stand();
    await stopping.start((port) => ({
      Routes: [route('/ws/{everything}', port)],
      GlobalConfiguration: { Gateway: { Drain: { DeadlineMs: 5_000, SpreadMs: 0 } } },
    }));
    const raw = await stopping.raw();
    const path = stopping.target();
    raw.sendHeaders(1, socketFields(path));
    const { connection, head } = await stopping.backend.call(path);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    expect(await verdictOf(raw, 1)).toEqual({ status: 200 });
    stopping.gateway.signal('SIGTERM');
    const { payload } = await raw.read(H2.goaway, 0);
    expect(payload.readUInt32BE(4)).toBe(H2_CODE.noError);
    expect((await readCloseOf(raw)).code).toBe(1012);
    expect(readClose(await connection.readFrame()).code).toBe(1012);
    connection.send(closeFrame(1012));
    connection.end();
    raw.sendData(1, closeFrame(1012, '', true), H2_FLAG.endStream);
    await raw.readToEnd();
    raw.destroy();
    expect(await stopping.finishStopped()).toBe(0);
  });
});
