import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  closeFrame,
  collectLeaks,
  encodeFrame,
  eventually,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand, type StandOptions } from '../gateway-stand.js';
import { pass, tapped } from '../message-stand.js';

// A peer that has vanished (S17) is one that answers nothing and whose socket stays open: the raw peers of these tests
// answer no ping unless they are told to.

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

async function open(ping: object, options: StandOptions = {}) {
  stand = await gatewayStand([backend.port], { ...options, settings: { CloseTimeoutMs: 200, Ping: ping } });
  const client = await stand.client();
  const upgraded = client.upgrade();
  const connection = await backend.connection();
  await connection.accept();
  expect((await upgraded).status).toBe(101);
  return { client, connection };
}

type Peers = Awaited<ReturnType<typeof open>>;

const summary = async () => (await stand.event('session.closed')).summary;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers the next ping of the gateway's, as a peer does (RFC 6455 §5.5.3). */
async function answer(peer: Peers['client'] | Peers['connection'], mask: boolean): Promise<Buffer> {
  const ping = await peer.readFrame();
  expect(ping).toMatchObject({ opcode: OPCODE.ping, masked: !mask });
  peer.sendFrame({ opcode: OPCODE.pong, payload: ping.payload, mask });
  return ping.payload;
}

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('a silent leg', () => {
  it('is pinged on both sides, masked towards the backend, and lives while it answers; no pong goes through', async () => {
    const { client, connection } = await open({ IntervalMs: 40, TimeoutMs: 400 });
    for (let i = 0; i < 3; i += 1) {
      expect((await answer(client, true)).length).toBe(8);
      expect((await answer(connection, false)).length).toBe(8);
    }
    client.sendFrame({ opcode: OPCODE.text, payload: 'a', mask: true });
    connection.sendFrame({ opcode: OPCODE.text, payload: 'b' });
    const next = async (peer: Peers['client'] | Peers['connection']) => {
      let frame = await peer.readFrame();
      while (frame.opcode === OPCODE.ping) frame = await peer.readFrame();
      return frame.payload.toString();
    };
    expect([await next(connection), await next(client)]).toEqual(['a', 'b']);
    expect(stand.events.some(({ type }) => type === 'session.closed')).toBe(false);
  });

  it('that is the client is dead after interval and timeout: cut, and the backend gets 1001 (S17)', async () => {
    const start = performance.now();
    const { client, connection } = await open({ IntervalMs: 80, TimeoutMs: 120, Legs: 'client' });
    expect((await client.readFrame()).opcode).toBe(OPCODE.ping);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    expect(performance.now() - start).toBeGreaterThan(195);
    await client.ended;
    connection.send(closeFrame(1001));
    connection.end();
    expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: 'OCELOT_ERR_PEER_SILENT' });
    expect(await stand.line('session closed')).toMatchObject({
      fields: { closedBy: 'client', fault: 'no answer to a ping for 120 ms' },
    });
  });

  it('that is the backend is dead too: cut, and the client gets 1011 (S17)', async () => {
    const { client, connection } = await open({ IntervalMs: 40, TimeoutMs: 80, Legs: 'backend' });
    expect((await connection.readFrame()).opcode).toBe(OPCODE.ping);
    expect(readClose(await client.readFrame()).code).toBe(1011);
    await connection.ended;
    client.send(closeFrame(1011, '', true));
    client.end();
    expect(await summary()).toMatchObject({ closedBy: 'backend', errorCode: 'OCELOT_ERR_PEER_SILENT' });
    expect(await stand.line('session closed')).toMatchObject({ level: 'warn' });
  });

  it('is pinged and never given up with a timeout of 0', async () => {
    const { client } = await open({ IntervalMs: 30, TimeoutMs: 0, Legs: 'client' });
    expect((await client.readFrames(4)).every(({ opcode }) => opcode === OPCODE.ping)).toBe(true);
    expect(stand.events.some(({ type }) => type === 'session.closed')).toBe(false);
  });
});

describe('a leg that sends', () => {
  it('is not pinged: every byte is a sign of life, also one in the middle of a frame', async () => {
    const { client, connection } = await open({ IntervalMs: 150, TimeoutMs: 100 });
    const drip = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(24), mask: true });
    for (const byte of drip) {
      client.send(Buffer.from([byte]));
      connection.sendFrame({ opcode: OPCODE.pong, payload: 'here' });
      await pause(10);
    }
    expect((await connection.readFrame()).opcode).toBe(OPCODE.binary);
    expect((await client.readFrames(30)).every(({ opcode }) => opcode === OPCODE.pong)).toBe(true);
  });
});

describe('a ping of the gateway', () => {
  it.each([
    ['short', 5, 0],
    ['64-bit', 70_000, 65_000],
  ])(
    'waits for the end of a frame of %s length, and stands between the fragments of a message (S22)',
    async (_, size, cut) => {
      const { client, connection } = await open({ IntervalMs: 60, TimeoutMs: 2000, Legs: 'client' });
      const half = Buffer.alloc(size, 'a');
      const first = encodeFrame({ opcode: OPCODE.text, fin: false, payload: half });
      connection.send(first.subarray(0, 4 + cut));
      await eventually(() => client.unread.length === 4 + cut, 'the half frame arrives');
      await pause(150);
      expect(client.unread).toHaveLength(4 + cut);
      connection.send(first.subarray(4 + cut));
      expect((await client.readFrame()).payload.equals(half)).toBe(true);
      await answer(client, true);
      connection.sendFrame({ opcode: OPCODE.continuation, payload: 'second half' });
      const rest = await client.readFrame();
      expect([rest.opcode, rest.payload.toString()]).toEqual([OPCODE.continuation, 'second half']);
    },
  );

  it('leaves the pings and pongs of the two ends alone, those with eight bytes too', async () => {
    const { client, connection } = await open({ IntervalMs: 50, TimeoutMs: 1000, Legs: 'client' });
    const own = await answer(client, true);
    const foreign = Buffer.from(own).fill(0);
    for (const payload of [foreign, Buffer.alloc(0), Buffer.alloc(125, 1)]) {
      client.sendFrame({ opcode: OPCODE.pong, payload, mask: true });
      expect(await connection.readFrame()).toMatchObject({ opcode: OPCODE.pong, payload });
    }
  });

  it('that finds no place, because the backend stopped inside a frame, ends the session in bounded time', async () => {
    const { client, connection } = await open({ IntervalMs: 40, TimeoutMs: 80, Legs: 'client' });
    connection.send(Buffer.from([0x82, 10, 1, 2]));
    await Promise.all([client.ended, connection.ended]);
    client.end();
    expect(await summary()).toMatchObject({ closedBy: 'backend', errorCode: 'OCELOT_ERR_PEER_SILENT' });
    expect(await stand.line('session closed')).toMatchObject({ fields: { fault: 'it stopped inside a frame' } });
  });
});

describe('in messages mode', () => {
  it('pings stand between messages, also while a hook keeps one, and their pongs reach no one', async () => {
    let release = (): void => {};
    const kept = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = tapped({
      message: () => async (message) => {
        await kept;
        return message;
      },
    });
    const { client, connection } = await open({ IntervalMs: 40, TimeoutMs: 400 }, { plugins: [slow] });
    client.sendFrame({ opcode: OPCODE.text, payload: 'kept', mask: true });
    for (let i = 0; i < 3; i += 1) {
      await answer(connection, false);
      await answer(client, true);
    }
    release();
    let frame = await connection.readFrame();
    while (frame.opcode === OPCODE.ping) frame = await connection.readFrame();
    expect(frame.payload.toString()).toBe('kept');
  });
});

describe('a leg under backpressure (S15)', () => {
  const MEGABYTE = Buffer.alloc(1024 * 1024);
  const SIZE = 64 * MEGABYTE.length;
  const big = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(SIZE) });

  it.each([
    ['read and written directly', { relay: { directIo: true } }],
    ['served by its stream', { relay: { directIo: false } }],
    ['in messages mode', { plugins: [tapped(pass)] }],
  ])('%s: who takes and sends nothing is dead in time, and not the one held back for it', async (_, options) => {
    const { client, connection } = await open({ IntervalMs: 60, TimeoutMs: 120 }, options);
    client.pause();
    connection.send(Buffer.concat(Array<Buffer>(32).fill(encodeFrame({ opcode: OPCODE.binary, payload: MEGABYTE }))));
    await connection.ended;
    client.resume();
    await client.ended;
    expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: 'OCELOT_ERR_PEER_SILENT' });
  });

  it('that reads slowly lives: it takes some of what is queued', async () => {
    const { client, connection } = await open({ IntervalMs: 150, TimeoutMs: 500, Legs: 'client' });
    connection.send(big);
    for (const until = performance.now() + 1300; performance.now() < until;) {
      client.resume();
      await pause(1);
      client.pause();
      await pause(60);
      expect(stand.events.some(({ type }) => type === 'session.closed')).toBe(false);
    }
    expect(client.bytesReceived).toBeLessThan(SIZE);
    client.destroy();
  });
});
