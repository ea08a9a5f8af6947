import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Direction, Message, Plugin, TappedSession } from '@ocelot/core';

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

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('a tap', () => {
  async function withSession(): Promise<Ends & { readonly session: TappedSession }> {
    let session: TappedSession | undefined;
    const ends = await open(
      tapped({
        message(given) {
          session = given;
          return (message) => message;
        },
      }),
    );
    if (session === undefined) throw new Error('no session');
    return { ...ends, session };
  }

  it.each<Direction>(['to-client', 'to-backend'])('sends messages of its own %s', async (direction) => {
    const { client, connection, session } = await withSession();
    const to = direction === 'to-client' ? client : connection;
    expect(session.send(direction, { type: 'text', data: Buffer.from('from the tap') })).toBe(true);
    expect(await to.readFrame()).toMatchObject({
      opcode: 1,
      masked: direction === 'to-backend',
      payload: Buffer.from('from the tap'),
    });
  });

  it('answers in place of the backend: before what it lets pass later', async () => {
    const { client, connection } = await open(
      tapped({
        message: (session) => (message, direction) => {
          if (direction === 'to-client' || Buffer.from(message.data).toString() !== 'time?') return message;
          session.send('to-client', { type: 'text', data: Buffer.from('now') });
          return undefined;
        },
      }),
    );
    client.send(Buffer.concat([text('time?', true), text('hello', true)]));
    expect((await client.readFrame()).payload.toString()).toBe('now');
    expect((await connection.readFrame()).payload.toString()).toBe('hello');
  });

  it('is told when its message was not taken: the session is closing, or the peer reads too slowly', async () => {
    const { client, connection, session } = await withSession();
    client.pause();
    const message: Message = { type: 'binary', data: Buffer.alloc(256 * 1024) };
    let taken = 0;
    while (session.send('to-client', message) && taken < 1000) taken += 1;
    expect(taken).toBeGreaterThan(3);
    expect(taken).toBeLessThan(100);
    client.resume();
    await client.readFrames(taken);
    connection.send(closeFrame(1000));
    expect(readClose(await client.readFrame()).code).toBe(1000);
    expect(session.send('to-client', message)).toBe(false);
    expect(session.send('to-backend', message)).toBe(false);
  });

  it.each([
    ['no message', { type: 'text', data: 'a string' } as unknown as Message],
    ['text that is not UTF-8', { type: 'text' as const, data: Buffer.from([0xff]) }],
  ])('cannot send %s', async (_, message) => {
    const { session } = await withSession();
    expect(() => session.send('to-client', message)).toThrow(TypeError);
  });

  it('that answers makes a sender wait that does not read the answers', async () => {
    const answer: Message = { type: 'binary', data: Buffer.alloc(64 * 1024) };
    const { client } = await open(
      tapped({
        message: (session) => (): undefined => {
          session.send('to-client', answer);
        },
      }),
    );
    client.pause();
    const question = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(64 * 1024), mask: true });
    for (let index = 0; index < 512; index += 1) client.send(question);
    await eventually(() => client.socket.writableLength > 8 * 1024 * 1024, 'the sender is held back');
    client.resume();
    expect(await client.readFrames(512)).toHaveLength(512);
  });

  it('closes the session for both sides', async () => {
    const { client, connection, session } = await withSession();
    session.close(4321, 'enough');
    expect(readClose(await client.readFrame())).toEqual({ code: 4321, reason: 'enough' });
    expect(readClose(await connection.readFrame())).toEqual({ code: 4321, reason: 'enough' });
    session.close(4322, 'more');
    client.send(closeFrame(4321, '', true));
    connection.send(closeFrame(4321));
    connection.end();
    client.end();
    expect(await summary()).toMatchObject({ closedBy: 'gateway', closeCode: 4321, closeReason: 'enough' });
  });
});
