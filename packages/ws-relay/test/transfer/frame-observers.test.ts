import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Direction, FrameHeader, FrameObserver, Plugin, TappedSession } from '@ocelot/core';
import {
  closeFrame,
  collectLeaks,
  encodeFrame,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

type Seen = readonly [Direction, FrameHeader];

/** A plugin whose tap makes the given observer for each session. */
function tap(name: string, observe: (session: TappedSession) => FrameObserver): Plugin {
  return { name, setup: (registry) => registry.tap({ name, forRoute: () => ({ observe }) }) };
}

/** A tap that writes down what it sees. */
function recorder() {
  const seen: Seen[] = [];
  const headers = new Set<FrameHeader>();
  const frame = (direction: Direction, header: FrameHeader): void => {
    seen.push([direction, { ...header }]);
    headers.add(header);
  };
  return { seen, headers, frame };
}

async function open(plugins: readonly Plugin[], settings: object = {}, headers = {}) {
  stand = await gatewayStand([backend.port], { plugins, settings: { CloseTimeoutMs: 200, ...settings } });
  const client = await stand.client();
  const upgraded = client.upgrade({ headers });
  const connection = await backend.connection();
  await connection.accept(headers);
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

describe('a FrameObserver', () => {
  it('sees the header of each frame of both directions, in one object that is used again', async () => {
    const { seen, headers, frame } = recorder();
    const { client, connection } = await open(
      [tap('watch', () => ({ frame }))],
      {},
      {
        'Sec-WebSocket-Extensions': 'permessage-deflate',
      },
    );
    const sent = [
      encodeFrame({ opcode: OPCODE.text, rsv: 4, fin: false, payload: 'compressed', mask: true }),
      encodeFrame({ opcode: OPCODE.ping, payload: 'p', mask: true }),
      encodeFrame({ opcode: OPCODE.continuation, payload: Buffer.alloc(70_000), mask: true }),
    ];
    client.send(Buffer.concat(sent));
    await connection.readFrames(3);
    connection.sendFrame({ opcode: OPCODE.binary, payload: 'back' });
    await client.readFrame();
    client.send(closeFrame(1000, 'bye', true));
    await connection.readFrame();
    connection.send(closeFrame(1000));
    await client.readFrame();
    expect(seen).toEqual([
      ['to-backend', { opcode: 1, isFinal: false, reservedBits: 0x40, payloadBytes: 10 }],
      ['to-backend', { opcode: 9, isFinal: true, reservedBits: 0, payloadBytes: 1 }],
      ['to-backend', { opcode: 0, isFinal: true, reservedBits: 0, payloadBytes: 70_000 }],
      ['to-client', { opcode: 2, isFinal: true, reservedBits: 0, payloadBytes: 4 }],
      ['to-backend', { opcode: 8, isFinal: true, reservedBits: 0, payloadBytes: 5 }],
      ['to-client', { opcode: 8, isFinal: true, reservedBits: 0, payloadBytes: 2 }],
    ]);
    expect(headers.size).toBe(1);
    client.end();
    connection.end();
  });

  it('sees no frame that breaks a rule, nor one beyond a limit', async () => {
    const { seen, frame } = recorder();
    const { client, connection } = await open([tap('watch', () => ({ frame }))], { MaxMessageBytes: 3 });
    client.sendFrame({ opcode: OPCODE.text, payload: 'long', mask: true });
    connection.sendFrame({ opcode: 3, payload: 'x' });
    await Promise.all([client.readFrame(), connection.readFrame()]);
    expect(seen).toEqual([]);
  });

  it('knows the upgrade that its session came from, and has no place for messages', async () => {
    const sessions: TappedSession[] = [];
    await open([
      tap('watch', (session) => {
        sessions.push(session);
        return { frame() {} };
      }),
    ]);
    const [session] = sessions;
    expect(session?.exchange.id).toBe((await stand.event('session.opened')).exchangeId);
    expect(session?.send('to-client', { type: 'text', data: Buffer.from('x') })).toBe(false);
  });

  it('can close its session: both sides get the code behind the frame that it saw (S22)', async () => {
    const { client, connection } = await open([
      tap('guard', (session) => ({
        frame(_direction, { payloadBytes }) {
          if (payloadBytes === 6) session.close(4001, 'that word');
        },
      })),
    ]);
    const words = ['fine', 'secret', 'later'].map((payload) =>
      encodeFrame({ opcode: OPCODE.text, payload, mask: true, fin: payload !== 'secret' }),
    );
    client.send(Buffer.concat(words));
    const received = await connection.readFrames(3);
    expect(received.slice(0, 2).map(({ payload }) => payload.toString())).toEqual(['fine', 'secret']);
    const last = received.at(-1);
    expect(last === undefined ? {} : readClose(last)).toEqual({ code: 4001, reason: 'that word' });
    expect(readClose(await client.readFrame())).toEqual({ code: 4001, reason: 'that word' });
    client.destroy();
    connection.destroy();
    expect(await summary()).toMatchObject({
      closedBy: 'gateway',
      closeCode: 4001,
      errorCode: 'OCELOT_ERR_CLOSED_BY_PLUGIN',
    });
  });

  it('can close its session before a byte has passed', async () => {
    const { client, connection } = await open([
      tap('guard', (session) => {
        session.close(1008, 'not today');
        session.close(1011, 'once is enough');
        return { frame() {} };
      }),
    ]);
    expect(readClose(await client.readFrame())).toEqual({ code: 1008, reason: 'not today' });
    expect(readClose(await connection.readFrame())).toEqual({ code: 1008, reason: 'not today' });
  });
});

describe('a tap that throws', () => {
  const failures: readonly (readonly [string, (session: TappedSession) => FrameObserver])[] = [
    [
      'at a frame',
      () => ({
        frame() {
          throw new Error('boom');
        },
      }),
    ],
    [
      'when it is asked for its observer',
      () => {
        throw new Error('boom');
      },
    ],
    [
      'because it closes with a code that must not be sent (RFC 6455 §7.4)',
      (session) => ({ frame: () => session.close(1006, 'boom') }),
    ],
  ];

  it.each(failures)(
    '%s ends its session with 1011 on both sides, and one log line that names it',
    async (when, observe) => {
      const { client, connection } = await open([tap('faulty', observe)]);
      client.sendFrame({ opcode: OPCODE.text, payload: 'x', mask: true });
      const frames = await connection.readFrames(when.startsWith('when') ? 1 : 2);
      const last = frames.at(-1);
      expect(last === undefined ? 0 : readClose(last).code).toBe(1011);
      expect(readClose(await client.readFrame()).code).toBe(1011);
      client.destroy();
      connection.destroy();
      expect(await summary()).toMatchObject({ closedBy: 'gateway', errorCode: 'OCELOT_ERR_HOOK_FAILED' });
      expect(await stand.line('session closed')).toMatchObject({
        level: 'error',
        fields: {
          code: 'OCELOT_ERR_HOOK_FAILED',
          fault: expect.stringContaining('tap faulty: '),
          err: expect.any(Error),
        },
      });
    },
  );

  it('is the last that is told of a frame', async () => {
    const { seen, frame } = recorder();
    const throws = (): never => {
      throw new Error('boom');
    };
    const { client, connection } = await open([
      tap('faulty', () => ({ frame: throws })),
      tap('next', () => ({ frame })),
    ]);
    client.sendFrame({ opcode: OPCODE.text, payload: 'x', mask: true });
    await connection.readFrames(2);
    connection.sendFrame({ opcode: OPCODE.text, payload: 'y' });
    connection.send(closeFrame(1011));
    await client.ended;
    expect(seen).toEqual([]);
  });
});
