import { GatewayError, type Plugin, type RouteTap, type TappedSession } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  type BackendConnection,
  closeFrame,
  collectLeaks,
  encodeFrame,
  eventually,
  type LeakWatch,
  OPCODE,
  type RawConnection,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { BOTH_STANDS, type EitherStand } from './both-stands.js';
import { tapped } from './message-stand.js';

/** More than one read takes, and than what HTTP/2 sends without WINDOW_UPDATE. */
const FLOOD = Buffer.alloc(1_000_000, 'x');

/** Keeps the session of a tap, in one of the modes; it may act on it at once. */
const MODES: readonly (readonly [string, (take: (session: TappedSession) => void) => RouteTap])[] = [
  ['framed', (take) => ({ observe: (session) => (take(session), { frame() {} }) })],
  ['messages', (take) => ({ message: (session) => (take(session), (message) => message) })],
];

const CASES = BOTH_STANDS.flatMap(([name, start]) => MODES.map(([mode, tap]) => ({ name, start, mode, tap })));

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: EitherStand;

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

const binary = (payload: Buffer | string, mask = false): Buffer =>
  encodeFrame({ opcode: OPCODE.binary, payload, mask });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Ends {
  readonly client: RawConnection;
  readonly connection: BackendConnection;
  readonly session: TappedSession;
}

describe.each(CASES)('a tap of a session with a client over $name, in $mode mode', ({ start, tap }) => {
  async function open(more: object = {}, act: (session: TappedSession) => void = () => undefined): Promise<Ends> {
    let session: TappedSession | undefined;
    const take = (given: TappedSession): void => {
      session = given;
      act(given);
    };
    const plugins: readonly Plugin[] = [tapped(tap(take))];
    stand = await start([backend.port], { plugins, settings: { CloseTimeoutMs: 400, ...more } });
    const { client, isOpen } = await stand.ask();
    const connection = await backend.connection();
    await connection.accept();
    expect(await isOpen).toBe(true);
    return { client, connection, session: await eventually(() => session, 'the tap is made') };
  }

  it('keeps a direction from being read, so that its sender feels it; the other one goes on', async () => {
    const { client, connection, session } = await open();
    client.send(binary('a', true));
    await connection.readFrame();
    session.pause('to-backend');
    const before = connection.bytesReceived;
    client.send(binary(FLOOD, true));
    connection.send(binary('back'));
    expect((await client.readFrame()).payload.toString()).toBe('back');
    await pause(60);
    // One chunk at most, which was on its way.
    expect(connection.bytesReceived - before).toBeLessThan(300_000);
    session.resume('to-backend');
    expect((await connection.readFrame()).payload.equals(FLOOD)).toBe(true);
  });

  it('holds back what was read already, behind the message at which it is held', async () => {
    const { client, connection, session } = await open();
    session.pause('to-backend');
    session.resume('to-backend');
    session.pause('to-backend');
    client.send(Buffer.concat(['1', '2', '3'].map((payload) => binary(payload, true))));
    await pause(30);
    expect(connection.unread).toHaveLength(0);
    session.resume('to-backend');
    const frames = await connection.readFrames(3);
    expect(frames.map(({ payload }) => String(payload))).toEqual(['1', '2', '3']);
  });

  it('keeps a backend from being read, from the first byte on', async () => {
    const { client, connection, session } = await open({}, (given) => given.pause('to-client'));
    connection.send(binary('late'));
    client.send(binary('early', true));
    expect((await connection.readFrame()).payload.toString()).toBe('early');
    await pause(30);
    expect(client.unread).toHaveLength(0);
    session.resume('to-client');
    expect((await client.readFrame()).payload.toString()).toBe('late');
  });

  it('counts: who paused twice resumes twice, and a resume too many does nothing', async () => {
    const { client, connection, session } = await open();
    session.resume('to-backend');
    session.pause('to-backend');
    session.pause('to-backend');
    session.resume('to-backend');
    client.send(binary('x', true));
    await pause(30);
    expect(connection.unread).toHaveLength(0);
    session.resume('to-backend');
    expect((await connection.readFrame()).payload.toString()).toBe('x');
  });

  it('has nobody missed that it keeps from being read: no idle time-out and no ping counts (IdleTimeoutMs, Ping)', async () => {
    const Ping = { IntervalMs: 40, TimeoutMs: 40, Legs: 'client' };
    const { session } = await open({ IdleTimeoutMs: 100, AppIdleTimeoutMs: 100, Ping });
    session.pause('to-backend');
    await pause(350);
    expect(stand.gateway.openSessions).toBe(1);
  });

  it.each(['a drain', 'the end of its lifetime'])('cannot keep a session from ending by %s', async (how) => {
    const isDrain = how === 'a drain';
    const { client, connection, session } = await open(
      isDrain ? {} : { MaxLifetimeMs: 80, MaxLifetimeJitter: 0 },
      (given) => {
        given.pause('to-backend');
        given.pause('to-client');
      },
    );
    const drained = isDrain ? stand.gateway.drain({ deadlineMs: 4000, spreadMs: 0 }) : undefined;
    for (const end of [client, connection]) {
      expect(readClose(await end.readFrame()).code).toBe(1012);
      end.send(closeFrame(1012, '', end === client));
    }
    // Which does nothing any more.
    session.pause('to-backend');
    connection.end();
    client.end();
    const { summary } = await stand.event('session.closed');
    expect(summary.errorCode).toBe(isDrain ? 'OCELOT_ERR_DRAINING' : 'OCELOT_ERR_LIFETIME_OVER');
    if (drained !== undefined) expect(await drained).toMatchObject({ clean: 1, killed: 0 });
  });

  it('lets the other side end the session while it keeps one from being read', async () => {
    const { client, connection, session } = await open();
    session.pause('to-backend');
    connection.send(closeFrame(4000, 'done'));
    expect(readClose(await client.readFrame())).toEqual({ code: 4000, reason: 'done' });
    client.send(closeFrame(4000, 'done', true));
    expect(readClose(await connection.readFrame()).code).toBe(4000);
    connection.end();
    await client.ended;
    client.end();
    expect((await stand.event('session.closed')).summary).toMatchObject({ closedBy: 'backend', errorCode: undefined });
  });

  it('ends the session with an error of the catalogue, also while it keeps it from being read', async () => {
    const { client, connection, session } = await open();
    session.pause('to-backend');
    session.pause('to-client');
    const cause = new Error('too fast');
    session.fail(new GatewayError('OCELOT_ERR_RATE_LIMITED', { cause, details: { limit: 'messages' } }));
    session.fail(new GatewayError('OCELOT_ERR_FORBIDDEN'));
    for (const end of [client, connection]) {
      expect(readClose(await end.readFrame())).toEqual({ code: 1008, reason: 'Too many requests.' });
      end.send(closeFrame(1008, '', end === client));
    }
    connection.end();
    client.end();
    expect((await stand.event('session.closed')).summary).toMatchObject({
      closedBy: 'gateway',
      closeCode: 1008,
      errorCode: 'OCELOT_ERR_RATE_LIMITED',
    });
    const { level, fields } = await stand.line('session closed');
    expect(level).toBe('info');
    expect(fields).toMatchObject({
      code: 'OCELOT_ERR_RATE_LIMITED',
      blame: 'client',
      cause: 'too fast',
      limit: 'messages',
    });
  });
});
