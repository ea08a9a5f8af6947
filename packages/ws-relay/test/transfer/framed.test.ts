import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  type BackendConnection,
  closeFrame,
  closePayload,
  collectLeaks,
  decodeFrames,
  encodeFrame,
  eventually,
  type LeakWatch,
  OPCODE,
  type RawConnection,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { BOTH_STANDS, type EitherStand } from '../both-stands.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: EitherStand;

interface Tunnel {
  readonly client: RawConnection;
  readonly connection: BackendConnection;
}

/** A client and a backend connection with an open tunnel between them. */
async function open(headers: Readonly<Record<string, string>> = {}): Promise<Tunnel> {
  const index = backend.connections.length;
  const { client, isOpen } = await stand.ask(headers);
  const connection = await backend.connection(index);
  const extensions = headers['Sec-WebSocket-Extensions'];
  await connection.accept(extensions === undefined ? {} : { 'Sec-WebSocket-Extensions': extensions });
  expect(await isOpen).toBe(true);
  return { client, connection };
}

const summary = async () => (await stand.event('session.closed')).summary;

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

const text = (payload: string, mask = false): Buffer => encodeFrame({ opcode: OPCODE.text, payload, mask });

describe.each(BOTH_STANDS)('a framed session with a client over %s', (_, start) => {
  beforeEach(async () => {
    stand = await start([backend.port], { settings: { CloseTimeoutMs: 200 } });
  });

  describe('passes frames', () => {
    it('both ways, masked as they came (RFC 6455 §5.1)', async () => {
      const { client, connection } = await open();
      client.send(text('hello', true));
      expect(await connection.readFrame()).toMatchObject({ masked: true, payload: Buffer.from('hello') });
      connection.send(text('back'));
      expect(await client.readFrame()).toMatchObject({ masked: false, payload: Buffer.from('back') });
    });

    it('with a ping between the fragments of a message, and fragments of no length (RFC 6455 §5.4)', async () => {
      const { client, connection } = await open();
      const parts = [
        encodeFrame({ opcode: OPCODE.text, fin: false, payload: 'a', mask: true }),
        encodeFrame({ opcode: OPCODE.ping, payload: 'p', mask: true }),
        encodeFrame({ opcode: OPCODE.continuation, fin: false, mask: true }),
        encodeFrame({ opcode: OPCODE.continuation, payload: 'b', mask: true }),
      ];
      await client.sendInPieces(parts);
      expect((await connection.readFrames(4)).map(({ opcode }) => opcode)).toEqual([1, 9, 0, 0]);
    });

    it('pings and pongs end to end: the gateway answers none itself', async () => {
      const { client, connection } = await open();
      client.sendFrame({ opcode: OPCODE.ping, payload: 'x', mask: true });
      expect(await connection.readFrame()).toMatchObject({ opcode: OPCODE.ping });
      connection.sendFrame({ opcode: OPCODE.pong, payload: 'x' });
      expect(await client.readFrame()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from('x') });
    });

    it('compressed, with the reserved bit that was negotiated (RFC 7692 §6)', async () => {
      const { client, connection } = await open({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
      client.sendFrame({ opcode: OPCODE.text, rsv: 4, payload: 'deflated', mask: true });
      expect(await connection.readFrame()).toMatchObject({ rsv: 4 });
    });

    it('a hundred thousand frames of one byte, all counted', async () => {
      const { client, connection } = await open();
      const one = text('x', true);
      const count = 100_000;
      client.send(Buffer.concat(Array<Buffer>(count).fill(one)));
      await eventually(() => connection.bytesReceived >= count * one.length, 'all frames arrive', 15_000);
      client.send(closeFrame(1000, '', true));
      await eventually(() => connection.bytesReceived >= count * one.length + 8, 'the Close arrives');
      connection.send(closeFrame(1000));
      connection.end();
      client.end();
      expect((await summary()).fromClient).toEqual({ messages: count, bytes: count * one.length + 8 });
    });
  });

  describe('backpressure (S15)', () => {
    const size = 64 * 1024 * 1024;

    it.each(['client', 'backend'] as const)(
      'holds the sender back while the %s does not read, and loses nothing',
      async (slow) => {
        const { client, connection } = await open();
        const [reader, sender] = slow === 'client' ? [client, connection] : [connection, client];
        const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(size, 7), mask: slow === 'backend' });
        const before = process.memoryUsage().arrayBuffers;
        const start = reader.bytesReceived;
        reader.pause();
        sender.send(frame);
        let queued = sender.socket.writableLength;
        await eventually(async () => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          const isStill = sender.socket.writableLength === queued;
          queued = sender.socket.writableLength;
          return isStill;
        }, 'the sender is held back');
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size);
        reader.resume();
        await eventually(() => reader.bytesReceived - start === frame.length, 'everything arrives', 15_000);
      },
    );
  });

  describe('passes a Close with code and reason to the other side (S18, S19)', () => {
    it.each([
      [1000, 'bye'],
      [1001, ''],
      [1011, 'é'.repeat(61)],
      [3000, ''],
      [4999, 'x'.repeat(123)],
      [undefined, ''],
    ])('%s %s, and its answer back; then both connections end', async (code, reason) => {
      const { client, connection } = await open();
      client.send(closeFrame(code, reason, true));
      expect(readClose(await connection.readFrame())).toEqual({ code, reason });
      connection.send(closeFrame(code, reason));
      expect(readClose(await client.readFrame())).toEqual({ code, reason });
      await client.ended;
      connection.end();
      client.end();
      expect(await summary()).toMatchObject({
        closedBy: 'client',
        closeCode: code,
        closeReason: reason,
        errorCode: undefined,
      });
    });

    it("the backend's, with the backend to blame", async () => {
      const { client, connection } = await open();
      connection.send(closeFrame(1013, 'later'));
      expect(readClose(await client.readFrame())).toEqual({ code: 1013, reason: 'later' });
      client.send(closeFrame(1013, '', true));
      await connection.readFrame();
      await client.ended;
      connection.end();
      client.end();
      expect(await summary()).toMatchObject({ closedBy: 'backend', closeCode: 1013, errorCode: undefined });
    });

    it('crossed Closes: each side gets the other one', async () => {
      const { client, connection } = await open();
      client.send(closeFrame(4001, 'c', true));
      connection.send(closeFrame(4002, 'b'));
      expect(readClose(await client.readFrame()).code).toBe(4002);
      expect(readClose(await connection.readFrame()).code).toBe(4001);
      await client.ended;
    });

    it('but nothing that follows it (RFC 6455 §5.5.1)', async () => {
      const { client, connection } = await open();
      client.send(Buffer.concat([closeFrame(1000, '', true), text('late', true)]));
      await connection.readFrame();
      client.send(text('later', true));
      connection.send(closeFrame(1000));
      await client.readFrame();
      await client.ended;
      connection.end();
      await connection.ended;
      expect(connection.unread).toHaveLength(0);
    });

    it('while the other side goes on sending: its data arrives before its Close', async () => {
      const { client, connection } = await open();
      client.send(closeFrame(1000, '', true));
      await connection.readFrame();
      connection.send(Buffer.concat([text('still'), text('here'), closeFrame(1000)]));
      const frames = await client.readFrames(3);
      expect(frames.map(({ opcode }) => opcode)).toEqual([1, 1, 8]);
    });

    it('and is given back to its sender when nobody answers it in time', async () => {
      const { client, connection } = await open();
      client.send(closeFrame(4000, 'bye', true));
      await connection.readFrame();
      expect(readClose(await client.readFrame())).toEqual({ code: 4000, reason: 'bye' });
      await client.ended;
      await connection.ended;
      connection.end();
      client.end();
      expect(await summary()).toMatchObject({ closeCode: 4000, errorCode: 'OCELOT_ERR_CLOSE_TIMEOUT' });
    });

    it('and is given back when the backend hangs up instead of answering', async () => {
      const { client, connection } = await open();
      client.send(closeFrame(1000, '', true));
      await connection.readFrame();
      connection.end();
      expect(readClose(await client.readFrame()).code).toBe(1000);
      await client.ended;
      client.end();
      expect(await summary()).toMatchObject({ closedBy: 'client', closeCode: 1000, errorCode: undefined });
    });
  });

  describe('a side that is lost (S16)', () => {
    it('the backend, by FIN without Close: the client gets 1014', async () => {
      const { client, connection } = await open();
      connection.send(text('last'));
      connection.end();
      const [last, close] = await client.readFrames(2);
      expect([last?.payload.toString(), close === undefined ? 0 : readClose(close).code]).toEqual(['last', 1014]);
      client.send(closeFrame(1014, '', true));
      await client.ended;
      client.end();
      expect(await summary()).toMatchObject({
        closedBy: 'backend',
        closeCode: undefined,
        errorCode: 'OCELOT_ERR_BACKEND_LOST',
      });
      expect((await stand.line('session closed')).level).toBe('warn');
    });

    it('the backend, by RST: the client gets 1014', async () => {
      const { client, connection } = await open();
      connection.reset();
      expect(readClose(await client.readFrame()).code).toBe(1014);
      await client.ended;
    });

    it.each(['FIN', 'RST'])('the client, by %s: the backend gets 1001, masked', async (how) => {
      const { client, connection } = await open();
      if (how === 'FIN') client.end();
      else client.reset();
      const frame = await connection.readFrame();
      expect([frame.masked, readClose(frame).code]).toEqual([true, 1001]);
      connection.send(closeFrame(1001));
      connection.end();
      expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: 'OCELOT_ERR_CLIENT_GONE' });
      expect((await stand.line('session closed')).level).toBe('info');
    });

    it.each([
      ['inside a header', 3],
      ['inside a payload', 100],
    ])('the backend, %s: what was whole arrives, then the end', async (_, cut) => {
      const { client, connection } = await open();
      const big = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(1000) });
      connection.send(Buffer.concat([text('whole'), big.subarray(0, cut)]));
      connection.end();
      const bytes = await client.readToEnd();
      const { frames, rest } = decodeFrames(bytes);
      expect(frames[0]?.payload.toString()).toBe('whole');
      // A header that never came whole was not forwarded: the stream can still be closed in order.
      if (cut === 3) expect(frames.slice(1).map(readClose)).toMatchObject([{ code: 1014 }]);
      else expect([frames.length, rest.length]).toEqual([1, cut]);
    });

    it('inside its Close frame: the other side gets a Close of ours', async () => {
      const { client, connection } = await open();
      client.send(closeFrame(4000, 'bye', true).subarray(0, 7));
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.reset();
      expect(readClose(await connection.readFrame()).code).toBe(1001);
    });

    it('the backend, while the client still sends: its megabyte arrives before the Close', async () => {
      const { client, connection } = await open();
      const megabyte = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(1_048_576, 5) });
      const sending = setInterval(() => client.send(text('more', true)), 1);
      connection.send(megabyte);
      connection.end();
      const [data, close] = await client.readFrames(2);
      clearInterval(sending);
      expect(data?.payload).toHaveLength(1_048_576);
      expect(close === undefined ? 0 : readClose(close).code).toBe(1014);
      const late = connection.bytesReceived;
      client.send(text('half-closed is not closed', true));
      await eventually(() => connection.bytesReceived > late, 'the other direction stays open');
    });

    it('a slow client gets the tail of a backend that has gone, beyond the close timeout', async () => {
      const { client, connection } = await open();
      client.pause();
      const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(16 * 1024 * 1024, 1) });
      connection.send(frame);
      connection.end();
      await new Promise((resolve) => setTimeout(resolve, 400));
      client.resume();
      await eventually(() => client.unread.length >= frame.length + 4, 'the tail and the Close arrive', 15_000);
      expect(decodeFrames(client.unread).frames.map(({ opcode }) => opcode)).toEqual([OPCODE.binary, OPCODE.close]);
    });
  });

  describe('a frame that breaks RFC 6455 is never forwarded (S20)', () => {
    it("the client's: it gets 1002, the backend 1001", async () => {
      const { client, connection } = await open();
      client.send(Buffer.concat([text('good', true), text('unmasked', false)]));
      expect((await connection.readFrame()).payload.toString()).toBe('good');
      const toBackend = await connection.readFrame();
      expect([toBackend.masked, readClose(toBackend).code]).toEqual([true, 1001]);
      expect(readClose(await client.readFrame()).code).toBe(1002);
      await client.ended;
      connection.send(closeFrame(1001));
      connection.end();
      client.end();
      expect(await summary()).toMatchObject({
        closedBy: 'client',
        closeCode: 1002,
        errorCode: 'OCELOT_ERR_FRAME_INVALID',
      });
      expect((await stand.line('session closed')).fields['fault']).toMatch(/not masked/);
    });

    it("the backend's: it gets 1002, the client 1014", async () => {
      const { client, connection } = await open();
      connection.send(encodeFrame({ opcode: OPCODE.text, payload: 'masked', mask: true }));
      expect(readClose(await client.readFrame()).code).toBe(1014);
      expect(readClose(await connection.readFrame()).code).toBe(1002);
      client.send(closeFrame(1014, '', true));
      client.end();
      await client.ended;
      connection.end();
      expect(await summary()).toMatchObject({ closedBy: 'backend', errorCode: 'OCELOT_ERR_FRAME_INVALID' });
    });

    it.each([
      ['a 64-bit length with its top bit set', encodeFrame({ opcode: 2, claimedLength: 1n << 63n, mask: true })],
      ['a length of 2^53', encodeFrame({ opcode: 2, claimedLength: 1n << 53n, mask: true })],
      ['Close code 1006', encodeFrame({ opcode: 8, payload: closePayload(1006), mask: true })],
      ['Close code 1015', encodeFrame({ opcode: 8, payload: closePayload(1015), mask: true })],
    ])('%s', async (_, frame) => {
      const { client, connection } = await open();
      client.send(frame);
      expect(readClose(await client.readFrame()).code).toBe(1002);
      expect(readClose(await connection.readFrame()).code).toBe(1001);
    });
  });

  describe('a Close of the gateway stands only at a frame boundary (S22)', () => {
    it('waits for the end of the frame that is passing', async () => {
      const { client, connection } = await open();
      const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(500, 9) });
      connection.send(frame.subarray(0, 200));
      await eventually(() => client.unread.length === 200, 'the begin arrives');
      client.send(text('unmasked', false));
      expect(readClose(await connection.readFrame()).code).toBe(1001);
      connection.send(Buffer.concat([frame.subarray(200), text('after'), closeFrame(1001)]));
      const frames = await client.readFrames(2);
      expect(frames[0]?.payload).toHaveLength(500);
      expect(frames[1] === undefined ? 0 : readClose(frames[1]).code).toBe(1002);
      await client.ended;
      expect(client.unread).toHaveLength(0);
    });

    it('may stand between the fragments of a message (RFC 6455 §5.4)', async () => {
      const { client, connection } = await open();
      connection.send(encodeFrame({ opcode: OPCODE.text, fin: false, payload: 'begun' }));
      expect((await client.readFrame()).fin).toBe(false);
      client.send(text('unmasked', false));
      expect(readClose(await client.readFrame()).code).toBe(1002);
    });
  });
});
