// Situation: one side of an open WebSocket sends as fast as it can, the other does not read.
// Action: 64 MB are pushed; after a while the reader begins to read.
// Expected: the sender is held back, the gateway's memory stays flat, the other direction lives, every byte arrives.
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';

import { encodeFrame, eventually, OPCODE, within, type RawConnection } from '@ocelot/test-support';
import { beforeAll, describe, expect, it } from 'vitest';

import { HAS_PROC } from './gateway-process.js';
import { route, stand } from './stand.js';

const subject = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/opaque/{everything}', port, { Gateway: { Transfer: 'opaque' } }),
    route('/short/{everything}', port, { Gateway: { CloseTimeoutMs: 300 } }),
    route('/idle/{everything}', port, { Gateway: { IdleTimeoutMs: 400, CloseTimeoutMs: 200 } }),
  ],
}));

const TOTAL_BYTES = 64 * 1_048_576;
const GROWTH_BYTES = 32 * 1_048_576;

/** Pushes frames from one end, as fast as the socket takes them. */
class Pusher {
  readonly sent: Hash = createHash('sha256');
  bytes = 0;
  readonly done: Promise<void>;

  constructor(connection: RawConnection, mask: boolean, total: number = TOTAL_BYTES) {
    this.done = this.#push(connection, mask, total);
  }
  async #push(connection: RawConnection, mask: boolean, total: number): Promise<void> {
    for (let round = 0; this.bytes < total; round += 1) {
      const payload = Buffer.alloc(1 + ((round * 7919) % 131_072), round);
      const frame = encodeFrame({ opcode: OPCODE.binary, payload, mask });
      this.sent.update(frame);
      this.bytes += frame.length;
      if (!connection.send(frame)) await once(connection.socket, 'drain');
    }
  }
  /** Waits until nothing moves any more. */
  async stalled(): Promise<void> {
    let before = -1;
    await eventually(async () => {
      const moved = this.bytes !== before;
      before = this.bytes;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return !moved;
    }, 'the sender is held back');
  }
}

/** Reads `pusher.bytes` bytes without keeping them. */
async function drained(connection: RawConnection, pusher: Pusher): Promise<string> {
  const received = createHash('sha256');
  let count = 0;
  let resolve: () => void = () => undefined;
  const complete = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  connection.socket.removeAllListeners('data');
  connection.socket.on('data', (chunk: Buffer) => {
    received.update(chunk);
    count += chunk.length;
    if (count >= pusher.bytes) resolve();
  });
  connection.resume();
  await pusher.done;
  if (count < pusher.bytes) await within(complete, `${pusher.bytes} bytes`);
  return received.digest('hex');
}

// The first megabytes make any process larger, read or not: buffers are pooled, code is compiled, the heap finds its size.
beforeAll(async () => {
  for (const folder of ['ws', 'opaque']) {
    const { client, backend } = await subject.open({ folder });
    const pusher = new Pusher(backend, false, TOTAL_BYTES / 4);
    expect(await drained(client, pusher)).toBe(pusher.sent.digest('hex'));
    client.destroy();
    backend.destroy();
  }
});

describe.each(['ws', 'opaque'])('64 MB through a route of kind %s', (folder) => {
  it.each(['client', 'backend'] as const)('towards a %s that does not read wait at their sender', async (reader) => {
    const tunnel = await subject.open({ folder });
    const writer = reader === 'client' ? 'backend' : 'client';
    tunnel[reader].pause();
    const before = HAS_PROC ? subject.process.residentBytes : 0;
    const pusher = new Pusher(tunnel[writer], writer === 'client');
    await pusher.stalled();
    expect(pusher.bytes).toBeLessThan(TOTAL_BYTES);
    if (HAS_PROC) expect(subject.process.residentBytes - before).toBeLessThanOrEqual(GROWTH_BYTES);

    // The other direction is not held back by this one.
    tunnel[reader].sendFrame({ opcode: OPCODE.ping, payload: 'still there?', mask: reader === 'client' });
    expect((await tunnel[writer].readFrame()).payload.toString()).toBe('still there?');

    expect(await drained(tunnel[reader], pusher)).toBe(pusher.sent.digest('hex'));
    if (HAS_PROC) expect(subject.process.residentBytes - before).toBeLessThanOrEqual(GROWTH_BYTES);
  });
});

describe('a reader that never reads', () => {
  it.each(['client', 'backend'] as const)('and leaves, as %s, frees the sender', async (reader) => {
    const tunnel = await subject.open({ folder: 'short' });
    const writer = reader === 'client' ? 'backend' : 'client';
    tunnel[reader].pause();
    const pusher = new Pusher(tunnel[writer], writer === 'client');
    pusher.done.catch(() => undefined); // It is cut on purpose: whatever it still had is not missed.
    await pusher.stalled();
    tunnel[reader].reset();
    await tunnel[writer].ended;
    expect(tunnel[writer].finReceived || tunnel[writer].isClosed).toBe(true);
    tunnel[writer].destroy();
  });

  it('is ended by the idle timeout like anybody else', async () => {
    const { client, backend } = await subject.open({ folder: 'idle' });
    client.pause();
    const pusher = new Pusher(backend, false);
    pusher.done.catch(() => undefined); // It is cut on purpose: whatever it still had is not missed.
    await backend.ended;
    expect(backend.finReceived || backend.isClosed).toBe(true);
    backend.destroy();
  });
});

describe('many slow readers', () => {
  it('cost no more than a few hundred KB each', async () => {
    const tunnels = await Promise.all(Array.from({ length: 40 }, () => subject.open()));
    const before = HAS_PROC ? subject.process.residentBytes : 0;
    const pushers = tunnels.map(({ client, backend }) => {
      client.pause();
      const pusher = new Pusher(backend, false);
      pusher.done.catch(() => undefined); // It is cut on purpose: whatever it still had is not missed.
      return pusher;
    });
    await Promise.all(pushers.map((pusher) => pusher.stalled()));
    if (HAS_PROC) expect(subject.process.residentBytes - before).toBeLessThanOrEqual(2 * GROWTH_BYTES);
    for (const { backend } of tunnels) backend.destroy();
    for (const { client } of tunnels) client.destroy();
    expect(pushers.every(({ bytes }) => bytes < TOTAL_BYTES)).toBe(true);
  });
});
