import { FakeClock } from '@ocelot/core/testing';
import { encodeFrame, eventually, OPCODE, type RawClient, readClose } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';

import { type RateStand, rateStands, type RateStandOptions } from '../rate-stand.js';

const stands = rateStands();

/** What the backend got on its sockets, in order of arrival. */
interface Ends {
  readonly stand: RateStand;
  readonly clock: FakeClock;
  readonly client: RawClient;
  /** Texts that reached the backend. */
  readonly seen: readonly string[];
  /** The backend's socket. */
  readonly backend: WebSocket;
}

async function openOn(stand: RateStand): Promise<{ readonly client: RawClient; readonly backend: WebSocket }> {
  const before = stands.backend().sockets.length;
  const client = await stand.client();
  expect((await client.upgrade()).status).toBe(101);
  const backend = await eventually(() => stands.backend().sockets[before], 'the backend has the socket');
  return { client, backend };
}

async function open(limits: object, options: RateStandOptions = {}): Promise<Ends> {
  const clock = new FakeClock();
  const stand = await stands.gateway({ limits, clock, ...options });
  const { client, backend } = await openOn(stand);
  const seen: string[] = [];
  backend.on('message', (data: Buffer) => seen.push(String(data)));
  return { stand, clock, client, seen, backend };
}

function say(client: RawClient, ...texts: readonly string[]): void {
  client.send(Buffer.concat(texts.map((payload) => encodeFrame({ opcode: OPCODE.text, payload, mask: true }))));
}

/** Long enough for bytes on loopback to arrive, if anybody lets them. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

describe('Gateway.RateLimit.Messages, Action pause', () => {
  const limits = { Messages: { PerConnection: { PerSecond: 10, Burst: 2 } } };

  it('reads no more of a client that sends too much, and loses nothing', async () => {
    const { clock, client, seen, stand } = await open(limits);
    say(client, '1', '2', '3', '4', '5', '6');
    await eventually(() => seen.length === 3, 'the burst has passed, and one into debt');
    await stand.line('rate limit reached');
    for (const passed of [4, 5, 6]) {
      clock.advance(99);
      await quiet();
      expect(seen).toHaveLength(passed - 1);
      clock.advance(1);
      await eventually(() => seen.length === passed, 'one more has passed');
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('ends in order behind what it holds back', async () => {
    const { clock, client, seen, backend } = await open(limits);
    say(client, '1', '2', '3', '4');
    client.sendFrame({ opcode: OPCODE.close, payload: Buffer.from([3, 232]), mask: true });
    const closed = new Promise<number>((resolve) => {
      backend.once('close', resolve);
    });
    await eventually(() => seen.length === 3, 'the client is held');
    for (let step = 0; step < 2; step += 1) clock.advance(100);
    await eventually(() => seen.length === 4, 'what was held has passed');
    clock.advance(100);
    expect(await closed).toBe(1000);
  });

  it('passes what it holds back before a drain ends the session', async () => {
    const { client, seen, stand } = await open(limits);
    say(client, '1', '2', '3', '4', '5');
    await eventually(() => seen.length === 3, 'the client is held');
    const drained = stand.gateway.drain({ deadlineMs: 2000, spreadMs: 0 });
    let close = await client.readFrame();
    while (close.opcode !== OPCODE.close) close = await client.readFrame();
    client.sendFrame({ opcode: OPCODE.close, payload: close.payload, mask: true });
    expect(await drained).toMatchObject({ clean: 1 });
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  it('tells of it once a while, as an event and a log line with a count, not once per message', async () => {
    const { clock, client, seen, stand } = await open(limits);
    for (let round = 0; round < 5; round += 1) {
      const before = seen.length;
      say(client, 'a', 'b', 'c');
      await eventually(() => seen.length === before + 3, 'the round has passed');
      clock.advance(1000);
    }
    const reached = stand.events.filter(({ type }) => type === 'limit.reached');
    expect(reached).toEqual([
      expect.objectContaining({ limit: 'messages', action: 'pause', direction: 'to-backend', routeId: 'echo' }),
    ]);
    client.destroy();
    const lines = await eventually(() => {
      const told = stand.lines.filter(({ message }) => message === 'rate limit reached');
      return told.length === 2 && told;
    }, 'the rest is told at the end');
    expect(lines.map(({ fields }) => fields['times'])).toEqual([1, 4]);
  });

  it('does not hold the other direction, nor control frames', async () => {
    const { client, seen, backend } = await open(limits);
    say(client, '1', '2', '3');
    await eventually(() => seen.length === 3, 'the client is held');
    backend.send('from the backend');
    backend.ping('p');
    const frames = await client.readFrames(5);
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 1, 1, 1, 9]);
  });

  it('counts a message of many fragments once', async () => {
    const { client, seen, clock } = await open(limits);
    client.send(encodeFrame({ opcode: OPCODE.text, payload: 'a', mask: true, fin: false }));
    for (let part = 0; part < 20; part += 1) {
      client.send(encodeFrame({ opcode: OPCODE.continuation, payload: 'b', mask: true, fin: part === 19 }));
    }
    say(client, 'c');
    await eventually(() => seen.length === 2, 'both have passed');
    expect(clock.pending).toBe(0);
  });

  it('ends a session that is held: its timer goes with it', async () => {
    const { client, clock, seen, stand } = await open(limits);
    say(client, '1', '2', '3');
    await eventually(() => seen.length === 3, 'the client is held');
    expect(clock.pending).toBe(1);
    client.reset();
    await stand.gateway.drain({ deadlineMs: 200, spreadMs: 0 });
    expect(clock.pending).toBe(0);
  });

  it('holds the backend where it is asked to', async () => {
    const { client, backend } = await open({
      Messages: { PerConnection: { PerSecond: 1, Burst: 1 }, From: 'backend' },
    });
    say(client, '1', '2');
    await client.readFrames(2);
    backend.send('late');
    await quiet();
    expect(client.unread).toHaveLength(0);
  });
});

describe('Gateway.RateLimit.Messages, shared', () => {
  it('counts all sockets of one client together, and those of others apart', async () => {
    const { stand, client, seen, backend } = await open(
      { By: ['ip'], Messages: { PerClient: { PerSecond: 1, Burst: 2 } } },
      { global: { Gateway: { TrustedProxies: ['127.0.0.1'] } } },
    );
    expect(backend.readyState).toBe(1);
    say(client, '1', '2');
    await eventually(() => seen.length === 2, 'the burst is spent');
    const second = await openOn(stand);
    const ofSecond: string[] = [];
    second.backend.on('message', (data: Buffer) => ofSecond.push(String(data)));
    say(second.client, 'x');
    await eventually(() => ofSecond.length === 1, 'one more, into debt');
    say(second.client, 'y');
    await quiet();
    expect(ofSecond).toEqual(['x']);
    const other = await stand.client();
    await other.upgrade({ headers: { 'X-Forwarded-For': '198.51.100.7' } });
    say(other, 'a', 'b');
    expect((await other.readFrames(2)).map(({ payload }) => String(payload))).toEqual(['a', 'b']);
  });

  it('counts all sockets of a route together: who connects anew waits for the debt first', async () => {
    const limits = { Messages: { PerRoute: { PerSecond: 1, Burst: 2 } } };
    const { stand, client, seen, clock } = await open(limits);
    say(client, '1', '2', '3', '4');
    await eventually(() => seen.length === 3, 'the burst is spent, and there is a debt');
    client.destroy();
    const again = await openOn(stand);
    say(again.client, 'a', 'b');
    await quiet();
    expect(again.client.unread).toHaveLength(0);
    clock.advance(1000);
    expect(String((await again.client.readFrame()).payload)).toBe('a');
    await quiet();
    expect(again.client.unread).toHaveLength(0);
    clock.advance(1000);
    // The message that the first client left waiting was let through as it went.
    await eventually(() => {
      clock.advance(1000);
      return again.client.unread.length > 0;
    }, 'the second has passed');
    expect(String((await again.client.readFrame()).payload)).toBe('b');
  });

  it('gives sockets of one client turns: one that floods keeps no other waiting', async () => {
    const { stand, client, clock, seen } = await open({ Messages: { PerClient: { PerSecond: 10, Burst: 1 } } });
    say(client, ...Array.from({ length: 500 }, String));
    await eventually(() => seen.length === 2, 'the first is held');
    const other = await openOn(stand);
    clock.advance(100);
    await eventually(() => seen.length === 3, 'the flood goes on, one by one');
    say(other.client, 'x', 'y');
    let answers = 0;
    for (let turn = 1; turn <= 6; turn += 1) {
      clock.advance(100);
      await quiet();
      answers = other.client.unread.length / 3;
    }
    expect(answers).toBe(2);
    // 700 ms at ten a second, with the burst and one debt of each.
    expect(seen.length + answers).toBeLessThanOrEqual(10);
  });
});

describe('Gateway.RateLimit.Messages, Action close', () => {
  it.each([
    [undefined, 1008],
    [1013, 1013],
  ])('ends the socket with the code (CloseCode %s)', async (CloseCode, code) => {
    const { client, stand, backend } = await open({
      Messages: { PerConnection: { PerSecond: 1, Burst: 2 }, Action: 'close', ...(CloseCode ? { CloseCode } : {}) },
    });
    const closed = new Promise<number>((resolve) => {
      backend.once('close', resolve);
    });
    say(client, '1', '2', '3');
    let close = await client.readFrame();
    while (close.opcode !== OPCODE.close) close = await client.readFrame();
    expect(readClose(close)).toMatchObject({ code, reason: 'Too many messages.' });
    client.sendFrame({ opcode: OPCODE.close, payload: close.payload, mask: true });
    client.end();
    expect(await closed).toBe(code);
    const { summary } = await stand.event('session.closed');
    expect(summary).toMatchObject({ errorCode: 'OCELOT_ERR_RATE_LIMITED', closeCode: code });
    expect(await stand.event('limit.reached')).toMatchObject({ limit: 'messages', action: 'close' });
  });
});

describe('Gateway.RateLimit.Messages, Action drop', () => {
  it('loses whole messages beyond the rate, counts them, and passes later ones', async () => {
    const { client, clock, seen, stand } = await open({
      Messages: { PerConnection: { PerSecond: 1, Burst: 2 }, Action: 'drop' },
    });
    say(client, '1', '2', '3', '4');
    await eventually(() => seen.length === 2, 'the burst has passed');
    await quiet();
    clock.advance(1000);
    say(client, '5');
    await eventually(() => seen.length === 3, 'a later one has passed');
    expect(seen).toEqual(['1', '2', '5']);
    expect((await stand.line('rate limit reached')).fields).toMatchObject({ action: 'drop', limit: 'messages' });
    client.destroy();
    await eventually(
      () => stand.lines.filter(({ message }) => message === 'rate limit reached').length === 2,
      'the rest is told at the end',
    );
  });

  it('takes nothing from one limit for a message that another one drops', async () => {
    const limits = {
      Messages: { PerConnection: { PerSecond: 1, Burst: 2 }, Action: 'drop' },
      Bytes: { PerConnection: { PerSecond: 100 }, Action: 'drop' },
    };
    const { client, seen } = await open(limits);
    const large = 'x'.repeat(101);
    say(client, large, large, large, '1', '2', '3');
    await eventually(() => seen.length === 2, 'those that fit have passed');
    await quiet();
    expect(seen).toEqual(['1', '2']);
  });

  it('drops a message that is larger than the burst of bytes', async () => {
    const { client, seen } = await open({ Bytes: { PerConnection: { PerSecond: 100 }, Action: 'drop' } });
    say(client, 'x'.repeat(101), 'y'.repeat(100));
    await eventually(() => seen.length === 1, 'the small one has passed');
    expect(seen[0]).toBe('y'.repeat(100));
  });
});

describe('Gateway.RateLimit.Bytes', () => {
  it('counts payload and lets a sender pay its debt back', async () => {
    const { client, clock, seen } = await open({ Bytes: { PerConnection: { PerSecond: 1000 } } });
    say(client, 'x'.repeat(3000));
    await eventually(() => seen.length === 1, 'it has passed');
    say(client, 'late');
    clock.advance(1999);
    await quiet();
    expect(seen).toHaveLength(1);
    clock.advance(1);
    await eventually(() => seen.length === 2, 'the debt is paid');
  });

  it('holds a large message while it passes, not only behind it', async () => {
    const { client, clock, stand } = await open({
      Bytes: { PerConnection: { PerSecond: 1_000_000, Burst: 500_000 } },
    });
    const payload = 'z'.repeat(20_000_000);
    client.sendFrame({ opcode: OPCODE.text, payload, mask: true });
    const passed = (): number => stands.backend().bytesRead();
    await eventually(() => {
      clock.advance(50);
      return stand.events.some(({ type }) => type === 'limit.reached');
    }, 'it is held');
    const held = await eventually(async () => {
      const before = passed();
      await quiet();
      return passed() === before && before;
    }, 'nothing passes any more');
    expect(held).toBeLessThan(20_000_000);
    await eventually(() => {
      clock.advance(1000);
      return passed() > 20_000_000;
    }, 'all of it has passed');
  });

  it('believes no header: a frame that announces a terabyte takes nothing from others of the route', async () => {
    const { client, stand, clock } = await open({
      Bytes: { PerRoute: { PerSecond: 100_000, Burst: 100_000 } },
    });
    const header = Buffer.alloc(14);
    header[0] = 0x82;
    header[1] = 0xff;
    header.writeBigUInt64BE(1_000_000_000_000n, 2);
    client.send(header);
    await quiet();
    clock.advance(1000);
    const other = await openOn(stand);
    say(other.client, 'x'.repeat(50_000));
    expect((await other.client.readFrame()).payload).toHaveLength(50_000);
  });
});

describe('limits of open sockets, in the configuration', () => {
  it('are refused on an opaque route, with the place', async () => {
    const limits = { Messages: { PerConnection: { PerSecond: 1 } } };
    await expect(stands.gateway({ limits, settings: { Transfer: 'opaque' } })).rejects.toThrow(
      /#\/Routes\/0\/Gateway\/RateLimit: .*opaque.*does not look at them/,
    );
  });

  it('are refused with a close code that says something else', async () => {
    const limits = { Messages: { PerConnection: { PerSecond: 1 }, Action: 'close', CloseCode: 1011 } };
    await expect(stands.gateway({ limits })).rejects.toThrow(/CloseCode 1011 does not say/);
  });

  it('cost a route without them no tap', async () => {
    const stand = await stands.gateway({ limits: { By: ['ip'], Messages: { Action: 'close' } } });
    const { client } = await openOn(stand);
    say(client, ...Array.from({ length: 100 }, String));
    expect(await client.readFrames(100)).toHaveLength(100);
  });
});
