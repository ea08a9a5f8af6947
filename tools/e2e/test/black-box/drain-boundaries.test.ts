// Situation: the gateway is told to stop while frames and messages are on their way.
// Action: SIGTERM in the middle of a frame, between fragments, between pings, and with both Closes crossing.
// Expected: its Close stands between frames, never inside one, prefers the end of a message, and the process ends with 0.
import {
  closeFrame,
  encodeFrame,
  OPCODE,
  rawClient,
  readClose,
  switchingHead,
  upgradeHead,
  type BackendConnection,
  type RawClient,
} from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOcelot, type RunningOcelot } from '../../src/run-ocelot.js';
import { route } from './stand.js';
import { switchboard, type Call, type Switchboard } from './switchboard.js';

let board: Switchboard;
beforeAll(async () => {
  board = await switchboard();
});
afterAll(() => board.close());

let targets = 0;
const nextTarget = (folder = 'ws'): string => `/${folder}/${(targets += 1)}`;

/** A gateway of its own for one test, for each of them ends it. */
class Scene {
  readonly gateway: RunningOcelot;
  readonly #clients: RawClient[] = [];
  readonly #backends: BackendConnection[] = [];
  #isTold = false;

  constructor(gateway: RunningOcelot) {
    this.gateway = gateway;
  }

  async connect(): Promise<RawClient> {
    const client = await rawClient(this.gateway.port);
    this.#clients.push(client);
    return client;
  }

  /** The request with this target, at the backend. */
  async call(target: string): Promise<Call> {
    const call = await board.call(target);
    this.#backends.push(call.connection);
    return call;
  }

  async open(folder?: string): Promise<{ readonly client: RawClient; readonly backend: BackendConnection }> {
    const target = nextTarget(folder);
    const client = await this.connect();
    client.send(upgradeHead({ target }));
    const { connection, head } = await this.call(target);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    expect((await client.readHead()).status).toBe(101);
    return { client, backend: connection };
  }

  /** SIGTERM, but only the first time: a second one means at once, with exit code 1. */
  terminate(): void {
    if (!this.#isTold) this.gateway.signal('SIGTERM');
    this.#isTold = true;
  }

  /** SIGTERM, and the gateway has said that it heard it. */
  async drain(): Promise<void> {
    this.terminate();
    await this.gateway.log((line) => String(line['msg']).startsWith('stopping'));
  }

  /** Everybody leaves; the process must end in order, by itself. */
  async finish(): Promise<void> {
    for (const connection of [...this.#clients, ...this.#backends]) connection.destroy();
    this.terminate();
    const { code, stderr } = await this.gateway.ended();
    expect(stderr).not.toContain('unexpected failure');
    expect(code).toBe(0);
  }
}

async function scene(play: (scene: Scene) => Promise<void>): Promise<void> {
  const one = new Scene(
    await runOcelot({
      Routes: [
        route('/ws/{everything}', board.port, { Gateway: { CloseTimeoutMs: 2500 } }),
        route('/short/{everything}', board.port, { Gateway: { CloseTimeoutMs: 500 } }),
        route('/opaque/{everything}', board.port, { Gateway: { CloseTimeoutMs: 500, Transfer: 'opaque' } }),
      ],
      GlobalConfiguration: { Gateway: { Drain: { DeadlineMs: 4000, SpreadMs: 0 } } },
    }),
  );
  try {
    await play(one);
  } finally {
    await one.finish();
  }
}

const text = (payload: string, fin: boolean, mask: boolean, opcode: number = OPCODE.text): Buffer =>
  encodeFrame({ fin, opcode, payload, mask });

describe.each(['client', 'backend'] as const)('SIGTERM while the %s is speaking', (speaker) => {
  const mask = speaker === 'client';

  it.concurrent('in the middle of a frame waits for the end of that frame (RFC 6455 §5.4)', () =>
    scene(async (one) => {
      const tunnel = await one.open();
      const listener = mask ? tunnel.backend : tunnel.client;
      const frame = text('z'.repeat(10_000), true, mask);
      tunnel[speaker].send(frame.subarray(0, 4000));
      await listener.readBytes(2000);
      await one.drain();
      await new Promise((resolve) => setTimeout(resolve, 60));
      tunnel[speaker].send(frame.subarray(4000));
      expect((await listener.readBytes(frame.length - 2000)).equals(frame.subarray(2000))).toBe(true);
      const close = await listener.readFrame();
      expect([readClose(close).code, close.masked]).toEqual([1012, mask]);
    }));

  it.concurrent('between fragments waits for the end of the message, and pings pass meanwhile', () =>
    scene(async (one) => {
      const tunnel = await one.open();
      const listener = mask ? tunnel.backend : tunnel.client;
      tunnel[speaker].send(text('one', false, mask));
      await listener.readFrame();
      await one.drain();
      tunnel[speaker].send(text('p', true, mask, OPCODE.ping));
      tunnel[speaker].send(text('two', true, mask, OPCODE.continuation));
      const frames = await listener.readFrames(3);
      expect(frames.map(({ opcode }) => opcode)).toEqual([OPCODE.ping, OPCODE.continuation, OPCODE.close]);
    }));

  it.concurrent.each(['ws', 'short'])(
    'in a message that never ends closes between two of its frames all the same, on a route of kind %s',
    (folder) =>
      scene(async (one) => {
        const tunnel = await one.open(folder);
        const listener = mask ? tunnel.backend : tunnel.client;
        tunnel[speaker].send(text('one', false, mask));
        await one.drain();
        const frames = [await listener.readFrame()];
        while (frames.at(-1)?.opcode !== OPCODE.close) frames.push(await listener.readFrame());
        expect(frames.map(({ opcode }) => opcode)).toEqual([OPCODE.text, OPCODE.close]);
      }),
  );

  it.concurrent('and closing itself lets both Closes cross', () =>
    scene(async (one) => {
      const tunnel = await one.open();
      const listener = mask ? tunnel.backend : tunnel.client;
      one.terminate();
      tunnel[speaker].send(closeFrame(4000, 'mine', mask));
      const heard = readClose(await listener.readFrame()).code;
      expect([4000, 1012]).toContain(heard);
      listener.send(closeFrame(heard, '', !mask));
      const answer = readClose(await tunnel[speaker].readFrame()).code;
      expect([4000, 1012]).toContain(answer);
      await tunnel[speaker].readToEnd();
    }));
});

describe('SIGTERM', () => {
  it.concurrent('in the middle of a frame that never ends cuts it, with no Close inside', () =>
    scene(async (one) => {
      const { client, backend } = await one.open('short');
      const frame = text('z'.repeat(10_000), true, true);
      client.send(frame.subarray(0, 4000));
      const begun = await backend.readBytes(4000);
      await one.drain();
      const rest = await backend.readToEnd().catch(() => backend.unread);
      expect(Buffer.concat([begun, rest]).equals(frame.subarray(0, 4000))).toBe(true);
    }));

  it.concurrent('ends an opaque route without a byte of ours', () =>
    scene(async (one) => {
      const { client, backend } = await one.open('opaque');
      await one.drain();
      const said = await Promise.all([client, backend].map((end) => end.readToEnd().catch(() => Buffer.alloc(0))));
      expect(said.map((bytes) => bytes.length)).toEqual([0, 0]);
    }));

  it.concurrent('during a handshake answers 503, or lets it become a socket that is closed with 1012', () =>
    scene(async (one) => {
      const client = await one.connect();
      const target = nextTarget();
      client.send(upgradeHead({ target }));
      const { connection, head } = await one.call(target);
      await one.drain();
      connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
      const response = await client.readHead();
      expect([101, 503]).toContain(response.status);
      if (response.status === 101) expect(readClose(await client.readFrame()).code).toBe(1012);
    }));

  it.concurrent('is not held by clients that never finish their head, nor by those that say nothing', () =>
    scene(async (one) => {
      for (const bytes of ['', 'GET / HT', upgradeHead({ target: '/ws/x' }).slice(0, 90)]) {
        const client = await one.connect();
        client.send(bytes);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      one.terminate();
      expect(await one.gateway.ended()).toMatchObject({ code: 0 });
    }));
});
