import type { Plugin } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  encodeFrame,
  eventually,
  type FrameParts,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { frameLimits } from '../../src/frames/frame-limits.js';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';
import { pass, tapped } from '../message-stand.js';

const NONE = { maxMessageBytes: 0, maxFramesPerMessage: 0, maxFrameRate: 0 };
const FIN = 0x80;

describe('frameLimits', () => {
  it('are none where a route sets none: its frames are not counted', () => {
    expect(frameLimits(NONE, new FakeClock())).toBeUndefined();
  });

  it('let a peer that keeps to the rate send for ever, also in bursts of one second', () => {
    const clock = new FakeClock();
    const limits = frameLimits({ ...NONE, maxFrameRate: 10 }, clock);
    for (let second = 0; second < 50; second += 1) {
      for (let i = 0; i < 10; i += 1) expect(limits?.inspect(FIN | OPCODE.text, 1)).toBeUndefined();
      clock.advance(1000);
    }
  });

  it('refuse the first frame beyond the rate, whatever its opcode, and no Close', () => {
    const limits = frameLimits({ ...NONE, maxFrameRate: 3 }, new FakeClock());
    for (const opcode of [OPCODE.text, OPCODE.ping, OPCODE.pong]) {
      expect(limits?.inspect(FIN | opcode, 0)).toBeUndefined();
    }
    expect(limits?.inspect(FIN | OPCODE.close, 0)).toBeUndefined();
    expect(limits?.inspect(FIN | OPCODE.pong, 0)).toEqual({
      closeCode: 1008,
      rule: 'more than 3 frames a second (MaxFrameRate)',
      limit: 'over-limit',
    });
  });

  it('ask for the time once for as many frames as a second may bring', () => {
    const clock = new FakeClock();
    let asked = 0;
    const counting = { now: () => ((asked += 1), clock.now()), setTimer: clock.setTimer.bind(clock) };
    const limits = frameLimits({ ...NONE, maxFrameRate: 1000 }, counting);
    for (let i = 0; i < 5000; i += 1) {
      if (i % 1000 === 0) clock.advance(1000);
      limits?.inspect(FIN | OPCODE.text, 1);
    }
    expect(asked).toBe(5);
  });

  it('allow for what piled up while the gateway itself did not read', () => {
    const clock = new FakeClock();
    const limits = frameLimits({ ...NONE, maxFrameRate: 10 }, clock);
    limits?.hold();
    clock.advance(3000);
    limits?.hold();
    limits?.release();
    limits?.release();
    // 30 of the three seconds, 10 of this one, 10 of the next: a second begins with its first frame.
    for (let i = 0; i < 50; i += 1) expect(limits?.inspect(FIN | OPCODE.text, 1)).toBeUndefined();
    expect(limits?.inspect(FIN | OPCODE.text, 1)).toMatchObject({ limit: 'over-limit' });
  });
});

describe('a route with limits', () => {
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

  async function open(
    settings: object,
    headers: Readonly<Record<string, string>> = {},
    plugins: readonly Plugin[] = [],
  ) {
    stand = await gatewayStand([backend.port], { settings: { CloseTimeoutMs: 200, ...settings }, plugins });
    const client = await stand.client();
    const upgraded = client.upgrade({ headers });
    const connection = await backend.connection();
    const head = await connection.accept();
    expect((await upgraded).status).toBe(101);
    return { client, connection, head };
  }

  const text = (payload: string | Buffer, parts: Partial<FrameParts> = {}): FrameParts => ({
    opcode: OPCODE.text,
    payload,
    ...parts,
  });
  const part = (payload: string, fin = false): FrameParts => ({ opcode: OPCODE.continuation, payload, fin });
  const ping: FrameParts = { opcode: OPCODE.ping, payload: 'between' };

  const tooBig = { code: 1009, errorCode: 'OCELOT_ERR_MESSAGE_TOO_BIG' };
  const tooMany = { code: 1008, errorCode: 'OCELOT_ERR_FRAME_LIMIT' };

  it.each([
    ['a message in one frame', { MaxMessageBytes: 10 }, [text('0123456789'), text('0123456789a')], 1, tooBig],
    [
      'fragments that sum up beyond it, and forwards those that did not (S21)',
      { MaxMessageBytes: 10 },
      [text('01234', { fin: false }), ping, part('56789'), part('', false), part('x', true)],
      4,
      tooBig,
    ],
    [
      'one fragment too many, empty ones and none of the pings between them counted (S20)',
      { MaxFramesPerMessage: 3 },
      [text('a', { fin: false }), ping, part(''), ping, part(''), part('', true)],
      5,
      tooMany,
    ],
    ['one frame a second too many', { MaxFrameRate: 4 }, [text('a'), ping, text('b'), ping, text('c')], 4, tooMany],
  ])('closes a client for %s', async (_, settings, frames, passed, { code, errorCode }) => {
    const { client, connection } = await open(settings);
    client.send(Buffer.concat(frames.map((frame) => encodeFrame({ mask: true, ...frame }))));
    const received = await connection.readFrames(passed + 1);
    expect(received.slice(0, passed).map(({ payload }) => payload.toString())).toEqual(
      frames.slice(0, passed).map(({ payload }) => String(payload)),
    );
    const last = received.at(-1);
    expect(last === undefined ? 0 : readClose(last).code).toBe(1001);
    expect(readClose(await client.readFrame()).code).toBe(code);
    client.end();
    connection.destroy();
    const { summary } = await stand.event('session.closed');
    expect(summary).toMatchObject({ closedBy: 'client', closeCode: code, errorCode });
    expect(stand.lines.filter(({ message }) => message === 'session closed')).toMatchObject([
      {
        level: 'info',
        fields: { closedBy: 'client', code: errorCode, fault: expect.stringContaining(Object.keys(settings)[0] ?? '') },
      },
    ]);
  });

  it.each([
    ['a message', { MaxMessageBytes: 10 }, [text('0123456789a')], tooBig],
    ['fragments', { MaxFramesPerMessage: 1 }, [text('', { fin: false }), part('', true)], tooMany],
    ['frames', { MaxFrameRate: 1 }, [text('a'), text('b')], tooMany],
  ])('closes a backend for %s, and tells the client 1014', async (_, settings, frames, { code, errorCode }) => {
    const { client, connection } = await open(settings);
    connection.send(Buffer.concat(frames.map((frame) => encodeFrame(frame))));
    const received = await client.readFrames(frames.length);
    const last = received.at(-1);
    expect(last === undefined ? 0 : readClose(last).code).toBe(1014);
    expect(readClose(await connection.readFrame()).code).toBe(code);
    connection.end();
    client.destroy();
    const { summary } = await stand.event('session.closed');
    expect(summary).toMatchObject({ closedBy: 'backend', closeCode: code, errorCode });
    expect(await stand.line('session closed')).toMatchObject({ level: 'warn', fields: { code: errorCode } });
  });

  it.each([
    [
      'lets no extension shrink messages: the size is that of the decoded message (S21)',
      { MaxMessageBytes: 10 },
      undefined,
    ],
    [
      'leaves extensions to the two ends where only frames are counted',
      { MaxFrameRate: 10 },
      'permessage-deflate; client_max_window_bits',
    ],
    [
      'leaves extensions to the two ends where it sees no messages',
      { MaxMessageBytes: 10, Transfer: 'opaque' },
      'permessage-deflate; client_max_window_bits',
    ],
  ])('%s', async (_, settings, offered) => {
    const { head } = await open(settings, {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    });
    expect(head.get('sec-websocket-extensions')).toBe(offered);
  });

  it('judges a message at its header: a size of 4 GiB is refused before a byte of it came (S20)', async () => {
    const { client, connection } = await open({ MaxMessageBytes: 65_536 });
    const header = Buffer.from('82ff000000010000000000000000', 'hex');
    client.send(header);
    expect(readClose(await client.readFrame()).code).toBe(1009);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
  });

  it('still delivers the Close to a client that goes on sending its large message', async () => {
    const { client, connection } = await open({ MaxMessageBytes: 1000 });
    client.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(8 * 1024 * 1024), mask: true });
    expect(readClose(await client.readFrame()).code).toBe(1009);
    await client.ended;
    expect(connection.bytesReceived).toBeLessThan(2000);
    connection.destroy();
  });

  it.each([
    ['framed', []],
    ['messages', [tapped(pass)]],
  ])('counts what a slow reader held up for the time it was sent in: %s mode', async (_, plugins) => {
    const { client, connection } = await open({ MaxFrameRate: 20 }, {}, plugins);
    const start = connection.bytesReceived;
    connection.pause();
    const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(1024 * 1024), mask: true });
    for (let i = 0; i < 16; i += 1) client.send(frame);
    for (let second = 0; second < 2; second += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1050));
      for (let i = 0; i < 19; i += 1) client.sendFrame({ opcode: OPCODE.text, payload: 'late', mask: true });
    }
    connection.resume();
    const size = 16 * frame.length + 38 * 10;
    await eventually(() => connection.bytesReceived - start === size, 'all of it arrives', 10_000);
    expect(stand.events.some(({ type }) => type === 'session.closed')).toBe(false);
  });
});
