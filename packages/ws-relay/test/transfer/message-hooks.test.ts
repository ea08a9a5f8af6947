import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Message, Plugin, RouteTap, TappedSession } from '@ocelot/core';

import { FakeClock } from '@ocelot/core/testing';
import {
  closeFrame,
  collectLeaks,
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
import { type Ends, openEnds, pass, tapped, taps, text } from '../message-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

async function open(plugin: Plugin = tapped(pass), settings: object = {}): Promise<Ends> {
  stand = await gatewayStand([backend.port], { settings: { CloseTimeoutMs: 200, ...settings }, plugins: [plugin] });
  return openEnds(stand, backend);
}

const hooked = (message: ReturnType<NonNullable<RouteTap['message']>>): Plugin => tapped({ message: () => message });
const summary = async () => (await stand.event('session.closed')).summary;
const words = (frames: readonly Frame[]): readonly string[] => frames.map(({ payload }) => payload.toString());

function changed(message: Message, change: (content: string) => string): Message {
  return { type: message.type, data: Buffer.from(change(Buffer.from(message.data).toString())) };
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

describe('hooks', () => {
  it('change, drop and retype messages, each with its direction', async () => {
    const { client, connection } = await open(
      hooked((message, direction) => {
        const content = Buffer.from(message.data).toString();
        if (content === 'drop') return undefined;
        if (content === 'binary') return { type: 'binary', data: new Uint8Array([1, 2, 3]) };
        return changed(message, (given) => `${given} ${direction}`);
      }),
    );
    client.send(Buffer.concat([text('a', true), text('drop', true), text('binary', true), text('b', true)]));
    const frames = await connection.readFrames(3);
    expect(frames.map(({ opcode }) => opcode)).toEqual([1, 2, 1]);
    expect([frames[0]?.payload.toString(), frames[2]?.payload.toString()]).toEqual(['a to-backend', 'b to-backend']);
    connection.send(text('c'));
    expect((await client.readFrame()).payload.toString()).toBe('c to-client');
  });

  it('of several taps run in the order of registration, and none behind the one that drops', async () => {
    const seen: string[] = [];
    const tap = (name: string): { readonly name: string; readonly tap: RouteTap } => ({
      name,
      tap: {
        message: () => (message) => {
          const content = Buffer.from(message.data).toString();
          seen.push(`${name} ${content}`);
          return name === 'second' && content.startsWith('no') ? undefined : changed(message, (given) => `${given}!`);
        },
      },
    });
    const { client, connection } = await open(taps(tap('first'), tap('second'), tap('third')));
    client.send(Buffer.concat([text('no', true), text('yes', true)]));
    expect((await connection.readFrame()).payload.toString()).toBe('yes!!!');
    expect(seen).toEqual(['first no', 'second no!', 'first yes', 'second yes!', 'third yes!!']);
  });

  it('that return a promise keep the order, and mix with those that do not', async () => {
    let count = 0;
    const { client, connection } = await open(
      hooked(async (message) => {
        count += 1;
        if (count % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        return message;
      }),
    );
    client.send(Buffer.concat(Array.from({ length: 20 }, (_, index) => text(`${index}`, true))));
    expect(words(await connection.readFrames(20))).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
  });

  it('may keep a message: nothing writes into it afterwards', async () => {
    const kept: Message[] = [];
    const { client, connection } = await open(
      hooked((message) => {
        kept.push(message);
        return message;
      }),
    );
    for (const word of ['first', 'second', 'third']) {
      client.send(text(word, true));
      await connection.readFrame();
    }
    expect(kept.map(({ data }) => Buffer.from(data).toString())).toEqual(['first', 'second', 'third']);
  });

  it('see the upgrade they belong to', async () => {
    let session: TappedSession | undefined;
    await open(
      tapped({
        message(given) {
          session = given;
          return (message) => message;
        },
      }),
    );
    expect(session?.exchange.request.path).toBe('/');
    expect(session?.exchange.route.id).toBe('/{everything}');
  });
});

describe('a slow hook', () => {
  const size = 32 * 1024 * 1024;

  it('pauses its sender, loses nothing, and leaves the other direction alone (S15)', async () => {
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isFirst = true;
    const { client, connection } = await open(
      hooked((message, direction) => {
        if (direction === 'to-client' || !isFirst) return message;
        isFirst = false;
        return gate.then(() => message);
      }),
    );
    const block = encodeFrame({ opcode: OPCODE.binary, payload: randomBytes(1024 * 1024 - 14), mask: true });
    for (let sent = 0; sent < size; sent += block.length) client.send(block);
    connection.send(text('still here'));
    expect((await client.readFrame()).payload.toString()).toBe('still here');
    await eventually(() => client.socket.writableLength > size / 2, 'the sender is held back');
    expect(connection.bytesReceived).toBeLessThan(2000);
    release();
    const head = connection.bytesReceived;
    await eventually(() => connection.bytesReceived - head >= size, 'everything arrives', 15_000);
    expect(client.socket.writableLength).toBe(0);
  });

  it('is waited for when its sender closes or leaves behind its message', async () => {
    const { client, connection } = await open(
      hooked(async (message) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        return message;
      }),
    );
    client.send(Buffer.concat([text('one', true), text('two', true), closeFrame(4001, 'done', true)]));
    client.end();
    expect(words(await connection.readFrames(2))).toEqual(['one', 'two']);
    expect(readClose(await connection.readFrame())).toEqual({ code: 4001, reason: 'done' });
    connection.send(closeFrame(4001));
    connection.end();
    expect(await summary()).toMatchObject({ closedBy: 'client', closeCode: 4001, errorCode: undefined });
  });

  it('that never settles cannot hold the end of its session: CloseTimeoutMs', async () => {
    const { client, connection } = await open(hooked(() => new Promise<Message>(() => {})));
    client.send(text('lost', true));
    client.end();
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    connection.send(closeFrame(1001));
    connection.end();
    expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: 'OCELOT_ERR_CLIENT_GONE' });
  });

  it('that never settles has failed after 30 s, and no timer of it is left', async () => {
    const clock = new FakeClock();
    stand = await gatewayStand([backend.port], {
      plugins: [hooked(() => new Promise<Message>(() => {}))],
      relay: { clock },
    });
    const { client, connection } = await openEnds(stand, backend);
    const before = clock.pending;
    client.send(text('lost', true));
    await eventually(() => clock.pending > before, 'the message is with the hook');
    clock.advance(29_999);
    expect(client.unread).toHaveLength(0);
    clock.advance(1);
    expect(readClose(await client.readFrame()).code).toBe(1011);
    expect(readClose(await connection.readFrame()).code).toBe(1011);
    client.send(closeFrame(1011, '', true));
    connection.send(closeFrame(1011));
    connection.end();
    client.end();
    const line = await stand.line('session closed');
    expect(line.fields).toMatchObject({ code: 'OCELOT_ERR_HOOK_FAILED', fault: expect.stringContaining('tap test') });
    expect(clock.pending).toBe(0);
  });

  it('that never settles cannot hold a drain', async () => {
    const { client } = await open(hooked(() => new Promise<Message>(() => {})));
    client.send(text('lost', true));
    const report = await stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    expect(report.killed).toBe(0);
    expect(await summary()).toMatchObject({ errorCode: 'OCELOT_ERR_DRAINING' });
  });
});

describe('a hook that fails', () => {
  const failing: readonly (readonly [string, ReturnType<NonNullable<RouteTap['message']>>])[] = [
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['returns text that is not UTF-8', () => ({ type: 'text', data: Buffer.from([0xff]) })],
    ['returns no message', () => 'secret' as unknown as Message],
  ];

  it.each(failing)('because it %s ends the session with 1011 for both sides', async (_, hook) => {
    const { client, connection } = await open(hooked(hook));
    client.send(Buffer.concat([text('a', true), text('b', true)]));
    const toClient = readClose(await client.readFrame());
    const toBackend = readClose(await connection.readFrame());
    expect([toClient.code, toBackend.code]).toEqual([1011, 1011]);
    expect(toClient.reason).not.toContain('secret');
    client.send(closeFrame(1011, '', true));
    connection.send(closeFrame(1011));
    connection.end();
    client.end();
    expect(await summary()).toMatchObject({ closedBy: 'gateway', errorCode: 'OCELOT_ERR_HOOK_FAILED' });
    const line = await stand.line('session closed');
    expect(line).toMatchObject({ level: 'error', fields: { code: 'OCELOT_ERR_HOOK_FAILED' } });
    expect(JSON.stringify(line.fields)).toContain('test');
    expect(line.fields['err']).toBeInstanceOf(Error);
    expect(stand.lines.filter(({ message }) => message === 'session closed')).toHaveLength(1);
  });

  it('when it is made does the same', async () => {
    const { client, connection } = await open(
      tapped({
        message() {
          throw new Error('no hook');
        },
      }),
    );
    expect(readClose(await client.readFrame()).code).toBe(1011);
    for (const end of [client, connection]) {
      end.send(closeFrame(1011, '', end === client));
      end.end();
    }
    expect(await stand.line('session closed')).toMatchObject({ fields: { code: 'OCELOT_ERR_HOOK_FAILED' } });
  });
});
