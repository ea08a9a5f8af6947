import { FakeClock } from '@ocelot/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  closeFrame,
  collectLeaks,
  decodeFrames,
  encodeFrame,
  eventually,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from './gateway-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

async function open(settings: object) {
  stand = await gatewayStand([backend.port], { settings: { CloseTimeoutMs: 300, ...settings } });
  const client = await stand.client();
  const upgraded = client.upgrade();
  const connection = await backend.connection();
  await connection.accept();
  expect((await upgraded).status).toBe(101);
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

describe('drain', () => {
  it('sends Close 1012 to both sides, waits for their answers, and ends', async () => {
    const { client, connection } = await open({});
    const drained = stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    expect(readClose(await client.readFrame()).code).toBe(1012);
    const toBackend = await connection.readFrame();
    expect([toBackend.masked, readClose(toBackend).code]).toEqual([true, 1012]);
    client.send(closeFrame(1012, '', true));
    connection.send(closeFrame(1012));
    connection.end();
    await client.ended;
    client.end();
    expect(await drained).toMatchObject({ clean: 1, killed: 0 });
    expect(await summary()).toMatchObject({
      closedBy: 'gateway',
      closeCode: 1012,
      errorCode: 'OCELOT_ERR_DRAINING',
    });
  });

  it('waits for the end of the message that is passing', async () => {
    const { client, connection } = await open({});
    connection.sendFrame({ opcode: OPCODE.text, fin: false, payload: 'one ' });
    await client.readFrame();
    const drained = stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    expect(readClose(await connection.readFrame()).code).toBe(1012);
    expect(client.unread).toHaveLength(0);
    connection.send(
      Buffer.concat([encodeFrame({ opcode: 0, payload: 'two' }), encodeFrame({ opcode: 1, payload: 'x' })]),
    );
    connection.send(closeFrame(1012));
    const [rest, close] = await client.readFrames(2);
    expect(rest?.payload.toString()).toBe('two');
    expect(close === undefined ? 0 : readClose(close).code).toBe(1012);
    client.send(closeFrame(1012, '', true));
    client.end();
    connection.end();
    await drained;
  });

  it.each([
    ['takes the end of a frame when the message does not end', 4000],
    ['still sends its Close when the time for closing is shorter than the wait for a message', 200],
  ])('%s', async (_, CloseTimeoutMs) => {
    const { client, connection } = await open({ CloseTimeoutMs });
    connection.sendFrame({ opcode: OPCODE.text, fin: false, payload: 'endless' });
    await client.readFrame();
    const drained = stand.gateway.drain({ deadlineMs: 10_000, spreadMs: 0 });
    expect(readClose(await client.readFrame()).code).toBe(1012);
    client.destroy();
    connection.destroy();
    await drained;
  });

  it('is not held by peers that do not answer: they are cut after CloseTimeoutMs', async () => {
    const { client, connection } = await open({ CloseTimeoutMs: 50 });
    const drained = stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    await client.readFrame();
    await Promise.all([client.ended, connection.ended]);
    expect(await drained).toMatchObject({ clean: 1 });
  });

  it('is not held by a peer that ignores its Close and goes on sending', async () => {
    const { client, connection } = await open({ CloseTimeoutMs: 100 });
    const sending = setInterval(() => connection.sendFrame({ opcode: OPCODE.text, payload: 'on and on' }), 1);
    const drained = stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    await client.ended;
    expect(await drained).toMatchObject({ clean: 1 });
    clearInterval(sending);
    const { frames } = decodeFrames(client.unread);
    expect(frames.at(-1)?.opcode).toBe(OPCODE.close);
  });

  it('cuts both sockets at the deadline', async () => {
    const { client, connection } = await open({ CloseTimeoutMs: 0 });
    const report = await stand.gateway.drain({ deadlineMs: 50, spreadMs: 0 });
    expect(report).toMatchObject({ clean: 0, killed: 1 });
    await Promise.all([client.ended, connection.ended]);
  });
});

describe('idle', () => {
  it('closes both sides with 1001 when nothing passes for IdleTimeoutMs', async () => {
    const { client, connection } = await open({ IdleTimeoutMs: 100 });
    expect(readClose(await client.readFrame()).code).toBe(1001);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    client.send(closeFrame(1001, '', true));
    connection.send(closeFrame(1001));
    client.end();
    connection.end();
    expect(await summary()).toMatchObject({
      closedBy: 'gateway',
      closeCode: 1001,
      errorCode: 'OCELOT_ERR_IDLE_TIMEOUT',
    });
  });

  it('does not close while one direction moves', async () => {
    const { client, connection } = await open({ IdleTimeoutMs: 150 });
    for (let i = 0; i < 10; i += 1) {
      connection.sendFrame({ opcode: OPCODE.ping });
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    expect(stand.events.some(({ type }) => type === 'session.closed')).toBe(false);
    expect((await client.readFrames(10)).every(({ opcode }) => opcode === OPCODE.ping)).toBe(true);
  });
});

describe('app idle', () => {
  it('closes both sides with 1001 when no data message passes for AppIdleTimeoutMs, whatever pings say', async () => {
    const { client, connection } = await open({ AppIdleTimeoutMs: 150, IdleTimeoutMs: 5000 });
    const pings = setInterval(() => client.sendFrame({ opcode: OPCODE.ping, mask: true }), 10);
    expect(readClose(await client.readFrame()).code).toBe(1001);
    clearInterval(pings);
    connection.destroy();
    client.destroy();
    expect(await summary()).toMatchObject({ closedBy: 'gateway', errorCode: 'OCELOT_ERR_IDLE_TIMEOUT' });
    expect(await stand.line('session closed')).toMatchObject({
      fields: { fault: 'no data message for 150 ms (AppIdleTimeoutMs)' },
    });
  });

  it('does not close while messages pass in one direction', async () => {
    const { client, connection } = await open({ AppIdleTimeoutMs: 200 });
    for (let i = 0; i < 10; i += 1) {
      connection.sendFrame({ opcode: OPCODE.text, payload: 'news' });
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    expect(stand.events.some(({ type }) => type === 'session.closed')).toBe(false);
    expect(await client.readFrames(10)).toHaveLength(10);
  });
});

describe('lifetime', () => {
  it('closes both sides with 1012 at the end of the message that passes at MaxLifetimeMs', async () => {
    const { client, connection } = await open({ MaxLifetimeMs: 100, MaxLifetimeJitter: 0 });
    connection.sendFrame({ opcode: OPCODE.text, fin: false, payload: 'one ' });
    await client.readFrame();
    expect(readClose(await connection.readFrame()).code).toBe(1012);
    expect(client.unread).toHaveLength(0);
    connection.sendFrame({ opcode: OPCODE.continuation, payload: 'two' });
    const [rest, close] = await client.readFrames(2);
    expect(rest?.payload.toString()).toBe('two');
    expect(close === undefined ? 0 : readClose(close).code).toBe(1012);
    client.destroy();
    connection.destroy();
    expect(await summary()).toMatchObject({
      closedBy: 'gateway',
      closeCode: 1012,
      errorCode: 'OCELOT_ERR_LIFETIME_OVER',
    });
  });

  it('is shorter by a random part of the jitter', async () => {
    stand = await gatewayStand([backend.port], {
      settings: { MaxLifetimeMs: 60_000, MaxLifetimeJitter: 1, CloseTimeoutMs: 100 },
      relay: { random: () => 0.999 },
    });
    const client = await stand.client();
    const upgraded = client.upgrade();
    const connection = await backend.connection();
    await connection.accept();
    await upgraded;
    expect(readClose(await client.readFrame()).code).toBe(1012);
  });

  it('ends an opaque session too, without a code', async () => {
    const { client, connection } = await open({ MaxLifetimeMs: 80, Transfer: 'opaque' });
    await Promise.all([client.ended, connection.ended]);
    client.end();
    connection.end();
    expect(await summary()).toMatchObject({ closeCode: undefined, errorCode: 'OCELOT_ERR_LIFETIME_OVER' });
  });
});

describe('the timer of all sessions', () => {
  it.each([
    ['is not set for a route without limits of time', {}, 0],
    [
      'is one for all limits of all sessions of a relay, and gone with the last of them',
      { IdleTimeoutMs: 5000, AppIdleTimeoutMs: 5000, MaxLifetimeMs: 5000, Ping: { IntervalMs: 5000 } },
      1,
    ],
  ])('%s', async (_, settings, timers) => {
    const clock = new FakeClock();
    stand = await gatewayStand([backend.port], { settings, relay: { clock } });
    for (let i = 0; i < 3; i += 1) {
      const client = await stand.client();
      const upgraded = client.upgrade();
      const connection = await backend.connection(i);
      await connection.accept();
      await upgraded;
    }
    await stand.event('session.opened', 2);
    expect(clock.pending).toBe(timers);
    for (const connection of backend.connections) connection.destroy();
    await stand.gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    await stand.event('session.closed', 2);
    expect(clock.pending).toBe(0);
  });
});

describe('the end of a session', () => {
  it('is one log line and one event, with who, how long, how much', async () => {
    const { client, connection } = await open({});
    client.sendFrame({ opcode: OPCODE.text, payload: 'hello', mask: true });
    await connection.readFrame();
    connection.sendFrame({ opcode: OPCODE.text, payload: 'hi' });
    await client.readFrame();
    client.send(closeFrame(1000, 'done', true));
    await connection.readFrame();
    connection.send(closeFrame(1000));
    connection.end();
    client.end();
    const { exchangeId, routeId } = await stand.event('session.opened');
    expect(await summary()).toMatchObject({
      exchangeId,
      routeId,
      fromClient: { messages: 1 },
      fromBackend: { messages: 1 },
    });
    await eventually(() => stand.gateway.openSessions === 0, 'the gateway forgets the session');
    const lines = stand.lines.filter(({ message }) => message === 'session closed');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({
      exchange: exchangeId,
      route: routeId,
      endpoint: `127.0.0.1:${backend.port}`,
      bytesFromClient: 11 + 12,
      bytesFromBackend: 4 + 4,
      messagesFromClient: 1,
      messagesFromBackend: 1,
      closedBy: 'client',
      closeCode: 1000,
      closeReason: 'done',
    });
    expect(stand.events.filter(({ type }) => type === 'session.closed')).toHaveLength(1);
  });
});
