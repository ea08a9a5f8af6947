// Situation: an open WebSocket; the gateway walks its frame headers.
// Action: either side sends frames, legal ones of every shape and illegal ones of every kind.
// Expected: legal frames pass byte for byte and in order; an illegal one ends the socket with 1002 and never arrives.
import { createHash } from 'node:crypto';

import {
  BackendConnection,
  closePayload,
  echoBackend,
  encodeFrame,
  OPCODE,
  readClose,
  type EchoBackend,
  type Frame,
  type FrameParts,
} from '@ocelot/test-support';
import { afterAll, describe, expect, it } from 'vitest';

import { talk } from '../../src/talk.js';
import { route, stand, type Tunnel } from './stand.js';

let echo: EchoBackend;

const subject = stand(async (port) => {
  echo = await echoBackend({ perMessageDeflate: { threshold: 0 } });
  return {
    Routes: [
      route('/ws/{everything}', port),
      route('/echo/{everything}', echo.port),
      route('/opaque/{everything}', port, { Gateway: { Transfer: 'opaque' } }),
    ],
  };
});

afterAll(() => echo.close());

const plain = ({ fin, opcode, payload }: Frame) => ({ fin, opcode, payload: payload.toString('latin1') });

/** Ends a socket in order, so that the next test finds an idle gateway. */
async function leave({ client, backend }: Tunnel): Promise<void> {
  client.sendFrame({ opcode: OPCODE.close, payload: closePayload(1000), mask: true });
  await backend.readFrame();
  backend.sendFrame({ opcode: OPCODE.close, payload: closePayload(1000) });
  backend.end();
  await client.readToEnd();
}

describe('frames that keep to the rules', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])(
    'of %i bytes pass untouched in both directions (RFC 6455 §5.2)',
    async (size) => {
      const tunnel = await subject.open();
      const payload = Buffer.alloc(size, 'abcdefg');
      const masked = encodeFrame({ opcode: OPCODE.binary, payload, mask: true });
      tunnel.client.send(masked);
      const received = await tunnel.backend.readBytes(masked.length);
      expect(received.equals(masked), 'the mask of the client stays').toBe(true);
      tunnel.backend.sendFrame({ opcode: OPCODE.binary, payload });
      const answer = await tunnel.client.readFrame();
      expect([answer.masked, answer.payload.equals(payload)]).toEqual([false, true]);
      await leave(tunnel);
    },
  );

  it('keep their order: ten times 48 KB and a small one, back to back', async () => {
    const tunnel = await subject.open();
    for (let i = 0; i < 10; i += 1) {
      tunnel.client.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(49_152, i), mask: true });
      tunnel.client.sendFrame({ opcode: OPCODE.text, payload: `small ${i}`, mask: true });
    }
    const frames = await tunnel.backend.readFrames(20);
    expect(frames.filter((_, index) => index % 2 === 1).map(({ payload }) => payload.toString())).toEqual(
      Array.from({ length: 10 }, (_, i) => `small ${i}`),
    );
    expect(
      frames.filter((_, index) => index % 2 === 0).every(({ payload }, i) => payload.every((byte) => byte === i)),
    ).toBe(true);
    await leave(tunnel);
  });

  it('may be fragments, empty ones too, with pings and pongs between them (RFC 6455 §5.4)', async () => {
    const tunnel = await subject.open();
    const parts: readonly FrameParts[] = [
      { fin: false, opcode: OPCODE.text, payload: '' },
      { opcode: OPCODE.ping, payload: 'p1' },
      { fin: false, opcode: OPCODE.continuation, payload: 'a' },
      { fin: false, opcode: OPCODE.continuation, payload: '' },
      { opcode: OPCODE.pong, payload: '' },
      { opcode: OPCODE.ping, payload: 'x'.repeat(125) },
      { opcode: OPCODE.continuation, payload: 'b' },
      { fin: false, opcode: OPCODE.binary, payload: 'c' },
      { opcode: OPCODE.continuation, payload: '' },
    ];
    const expected = parts.map(({ fin = true, opcode, payload }) => ({ fin, opcode, payload }));
    for (const part of parts) {
      tunnel.client.sendFrame({ ...part, mask: true });
      tunnel.backend.sendFrame(part);
    }
    expect((await tunnel.backend.readFrames(parts.length)).map(plain)).toEqual(expected);
    expect((await tunnel.client.readFrames(parts.length)).map(plain)).toEqual(expected);
    await leave(tunnel);
  });

  it('may come one byte at a time', async () => {
    const tunnel = await subject.open();
    const bytes = Buffer.concat([
      encodeFrame({ opcode: OPCODE.text, payload: 'y'.repeat(130), mask: true }),
      encodeFrame({ opcode: OPCODE.ping, payload: 'z', mask: true }),
      encodeFrame({ opcode: OPCODE.binary, payload: 'w', lengthBits: 7, mask: true }),
    ]);
    await tunnel.client.sendInPieces(Array.from(bytes, (byte) => Buffer.from([byte])));
    expect((await tunnel.backend.readBytes(bytes.length)).equals(bytes)).toBe(true);
    await leave(tunnel);
  });

  it('may be fifty thousand of one byte', async () => {
    const tunnel = await subject.open();
    const one = encodeFrame({ opcode: OPCODE.binary, payload: 'x', mask: Buffer.from([1, 2, 3, 4]) });
    const all = Buffer.concat(Array.from({ length: 50_000 }, () => one));
    tunnel.client.send(all);
    const received = await tunnel.backend.readBytes(all.length);
    expect(createHash('sha256').update(received).digest('hex')).toBe(createHash('sha256').update(all).digest('hex'));
    await leave(tunnel);
  });

  it('ping and pong travel end to end (RFC 6455 §5.5.2)', async () => {
    const client = await talk(`ws://${subject.gateway.authority}/echo/ping`);
    const pong = new Promise<string>((resolve) => client.socket.once('pong', (data) => resolve(data.toString())));
    client.socket.ping('are you there');
    expect(await pong).toBe('are you there');
    await client.close();
  });

  it('may be compressed where both ends agreed (RFC 7692 §6)', async () => {
    const client = await talk(`ws://${subject.gateway.authority}/echo/deflate`, {
      perMessageDeflate: { threshold: 0 },
    });
    expect(client.socket.extensions).toContain('permessage-deflate');
    const text = 'compress me '.repeat(5000);
    expect(await client.ask(text)).toBe(text);
    await client.close();
  });

  it.each([
    [0, 0, 42],
    [0, 1, 42],
    [1, 0, 42],
    [23, 29, 0],
    [17, 19, 1],
    [11, 13, 100],
    [5, 7, 1000],
    [2, 3, 100_000],
  ])('%i to the backend and %i back, of %i bytes, are that many', async (up, down, size) => {
    const tunnel = await subject.open();
    for (let i = 0; i < up; i += 1)
      tunnel.client.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(size), mask: true });
    for (let i = 0; i < down; i += 1) tunnel.backend.sendFrame({ opcode: OPCODE.text, payload: 'd'.repeat(size) });
    const [sent, received] = await Promise.all([tunnel.backend.readFrames(up), tunnel.client.readFrames(down)]);
    expect([...sent, ...received].every(({ payload }) => payload.length === size)).toBe(true);
    await leave(tunnel);
  });
});

const ILLEGAL: Readonly<Record<string, readonly FrameParts[]>> = {
  'with RSV1 although nobody agreed on it (§5.2)': [{ opcode: OPCODE.text, rsv: 4, payload: 'a' }],
  'with RSV2 (§5.2)': [{ opcode: OPCODE.text, rsv: 2, payload: 'a' }],
  'with RSV3 (§5.2)': [{ opcode: OPCODE.binary, rsv: 1, payload: 'a' }],
  'with RSV1 on a ping (§5.2)': [{ opcode: OPCODE.ping, rsv: 4 }],
  'with the reserved opcode 3 (§5.2)': [{ opcode: 3, payload: 'a' }],
  'with the reserved opcode 7 (§5.2)': [{ opcode: 7 }],
  'with the reserved opcode 11 (§5.2)': [{ opcode: 11 }],
  'with the reserved opcode 15 (§5.2)': [{ opcode: 15, payload: 'a' }],
  'that is a ping of 126 bytes (§5.5)': [{ opcode: OPCODE.ping, payload: 'x'.repeat(126) }],
  'that is a ping with a 16-bit length (§5.5)': [{ opcode: OPCODE.ping, payload: 'x', lengthBits: 16 }],
  'that is a fragmented ping (§5.5)': [{ fin: false, opcode: OPCODE.ping, payload: 'a' }],
  'that is a fragmented Close (§5.5)': [{ fin: false, opcode: OPCODE.close, payload: closePayload(1000) }],
  'that continues nothing (§5.4)': [{ opcode: OPCODE.continuation, payload: 'a' }],
  'that begins a message within another (§5.4)': [
    { fin: false, opcode: OPCODE.text, payload: 'a' },
    { opcode: OPCODE.text, payload: 'b' },
  ],
  'of a length with the top bit set (§5.2)': [{ opcode: OPCODE.binary, lengthBits: 64, claimedLength: 1n << 63n }],
  'of all ones as its length (§5.2)': [{ opcode: OPCODE.binary, lengthBits: 64, claimedLength: (1n << 64n) - 1n }],
  'that is a Close of one byte (§5.5.1)': [{ opcode: OPCODE.close, payload: Buffer.from([3]) }],
};

describe('a frame that breaks the rules (RFC 6455)', () => {
  /** The bytes of legal frames may have passed, the last frame of `parts` may not. */
  function last(parts: readonly FrameParts[], frames: readonly Frame[]): boolean {
    const bad = parts.at(-1);
    return frames.some(
      ({ opcode, payload }) => opcode === bad?.opcode && payload.equals(Buffer.from(bad.payload ?? '')),
    );
  }
  /** Everything up to the end of the connection; a Close is answered and, at the backend, the connection ended. */
  async function framesToEnd(side: Tunnel['client'] | Tunnel['backend']): Promise<readonly Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      // The end of the connection, in order or not, is the end of its frames; each test judges what came.
      const frame = await side.readFrame().catch(() => undefined);
      if (frame === undefined) return frames;
      frames.push(frame);
      if (frame.opcode !== OPCODE.close) continue;
      side.sendFrame({ opcode: OPCODE.close, payload: frame.payload, mask: !(side instanceof BackendConnection) });
      if (side instanceof BackendConnection) side.end();
    }
  }

  it.each(Object.entries(ILLEGAL))(
    'from the client, %s, is answered with 1002 and ends the backend too',
    async (_what, parts) => {
      const { client, backend } = await subject.open();
      for (const part of parts) client.sendFrame({ ...part, mask: true });
      const [answer, passed] = await Promise.all([framesToEnd(client), framesToEnd(backend)]);
      expect(answer.map((frame) => readClose(frame).code)).toEqual([1002]);
      expect(last(parts, passed)).toBe(false);
      // §5.1: what the gateway writes to a backend is masked as a client's frames are.
      expect(passed.at(-1)).toMatchObject({ opcode: OPCODE.close, masked: true });
    },
  );

  it.each(Object.entries(ILLEGAL))(
    'from the backend, %s, is answered with 1002 and ends the client too',
    async (_what, parts) => {
      const { client, backend } = await subject.open();
      for (const part of parts) backend.sendFrame(part);
      const [answer, passed] = await Promise.all([framesToEnd(backend), framesToEnd(client)]);
      expect(answer.map((frame) => [readClose(frame).code, frame.masked])).toEqual([[1002, true]]);
      expect(last(parts, passed)).toBe(false);
      expect(passed.at(-1)).toMatchObject({ opcode: OPCODE.close, masked: false });
    },
  );

  it('from the client, without a mask, is answered with 1002 and ends the backend too (§5.1)', async () => {
    const { client, backend } = await subject.open();
    client.sendFrame({ opcode: OPCODE.text, payload: 'bare' });
    const [answer, passed] = await Promise.all([framesToEnd(client), framesToEnd(backend)]);
    expect(answer.map((frame) => readClose(frame).code)).toEqual([1002]);
    expect(passed.map(({ opcode }) => opcode)).toEqual([OPCODE.close]);
  });

  it('from the backend, with a mask, is answered with 1002 and ends the client too (§5.1)', async () => {
    const { client, backend } = await subject.open();
    backend.sendFrame({ opcode: OPCODE.text, payload: 'masked', mask: true });
    const [answer, passed] = await Promise.all([framesToEnd(backend), framesToEnd(client)]);
    expect(answer.map((frame) => readClose(frame).code)).toEqual([1002]);
    expect(passed.map(({ opcode }) => opcode)).toEqual([OPCODE.close]);
  });

  it('of 2^53 bytes and more is answered with 1002 or 1009', async () => {
    const { client } = await subject.open();
    client.sendFrame({ opcode: OPCODE.binary, lengthBits: 64, claimedLength: 1n << 53n, mask: true });
    expect([1002, 1009]).toContain(readClose(await client.readFrame()).code);
  });

  it('passes where the route is opaque', async () => {
    const { client, backend } = await subject.open({ folder: 'opaque' });
    const wild = encodeFrame({ opcode: 3, rsv: 7, payload: 'wild' });
    client.send(wild);
    expect((await backend.readBytes(wild.length)).equals(wild)).toBe(true);
  });
});
