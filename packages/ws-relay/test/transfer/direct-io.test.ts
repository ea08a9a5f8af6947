import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

import { collectLeaks, eventually, type LeakWatch, resetSocket, TEST_CERTIFICATE, within } from '@ocelot/test-support';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { proveDirectIo } from '../../src/transfer/direct-io.js';
import { Leg, type LegReceiver } from '../../src/transfer/leg.js';

let leaks: LeakWatch;
let opened: { destroy(): void }[];
const servers: Server[] = [];

beforeAll(async () => {
  await proveDirectIo();
});
beforeEach(() => {
  leaks = collectLeaks();
  opened = [];
});
afterEach(async () => {
  for (const socket of opened) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await leaks.verify();
});

/** Two ends of a TCP connection; the far one is in the test's hands, and paused. */
async function connection(): Promise<readonly [near: Socket, far: Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const near = connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  await once(near, 'connect');
  const [far] = (await accepted) as [Socket];
  far.on('error', () => far.destroy());
  opened.push(near, far);
  return [near, far];
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** Keeps what it was told; bytes are copied, as the contract asks. */
class Recorder implements LegReceiver {
  readonly chunks: Buffer[] = [];
  readonly told: string[] = [];
  bytes(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk));
  }
  drained(): void {
    this.told.push('drained');
  }
  ended(): void {
    this.told.push('ended');
  }
  closed(error: NodeJS.ErrnoException | undefined): void {
    this.told.push(`closed ${error?.code ?? 'in order'}`);
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
  get size(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}

/** Fills both kernels' buffers towards a peer that does not read. */
function fill(leg: Leg): number {
  const chunk = Buffer.alloc(65_536, 'x');
  for (let written = chunk.length; ; written += chunk.length) if (!leg.write(chunk)) return written;
}

it('direct input and output is seen to work on this platform', async () => {
  expect(await proveDirectIo()).toBe(process.platform !== 'win32');
});

describe.each([
  ['direct', true],
  ['by its stream', false],
] as const)('a leg over TCP, %s', (_, mayBeDirect) => {
  const legOf = (socket: Socket): readonly [Leg, Recorder] => {
    const recorder = new Recorder();
    const leg = new Leg(socket, recorder, mayBeDirect);
    expect(leg.isDirect).toBe(mayBeDirect);
    return [leg, recorder];
  };

  it('tells bytes, the end and the close in this order', async () => {
    const [near, far] = await connection();
    const [leg, recorder] = legOf(near);
    far.end('one');
    await eventually(() => leg.hasEnded, 'the end is read');
    expect(recorder.text).toBe('one');
    expect(leg.bytesReceived).toBe(3);
    leg.finish();
    far.resume();
    await eventually(() => leg.isClosed && recorder.told.length === 2, 'the close is told');
    expect(recorder.told).toEqual(['ended', 'closed in order']);
  });

  it('keeps the bytes of two legs apart that are read in turn', async () => {
    const pairs = await Promise.all([connection(), connection()]);
    const legs = pairs.map(([near]) => legOf(near));
    for (let i = 0; i < 50; i += 1) for (const [index, [, far]] of pairs.entries()) far.write(`${index}${i};`);
    const expected = (index: number): string => Array.from({ length: 50 }, (_each, i) => `${index}${i};`).join('');
    await eventually(() => legs.every(([, { text }], index) => text.length === expected(index).length), 'all is read');
    expect(legs.map(([, { text }]) => text)).toEqual([expected(0), expected(1)]);
  });

  it('does not read while it is paused, and goes on behind what it had', async () => {
    const [near, far] = await connection();
    const [leg, recorder] = legOf(near);
    far.write('a');
    await eventually(() => recorder.text === 'a', 'the first byte is read');
    leg.pause();
    far.write('b');
    const [otherNear, otherFar] = await connection();
    const [, other] = legOf(otherNear);
    otherFar.write('later than b');
    await eventually(() => other.text !== '', 'a leg that is not paused is read');
    expect(recorder.text).toBe('a');
    leg.resume();
    await eventually(() => recorder.text === 'ab', 'the rest is read');
  });

  it('asks its source to wait when the peer does not read, tells when it may go on, and loses nothing', async () => {
    const [near, far] = await connection();
    const [leg, recorder] = legOf(near);
    let expected = fill(leg);
    expect(leg.bytesQueued).toBeGreaterThan(0);
    expect(leg.write(Buffer.from('behind'))).toBe(false);
    expected += 6;
    const received: Buffer[] = [];
    far.on('data', (chunk: Buffer) => received.push(chunk)).resume();
    await eventually(() => recorder.told.includes('drained'), 'the queue is empty');
    expect(leg.write(Buffer.from('last'))).toBe(true);
    leg.finish();
    await within(once(far, 'end'), 'the end');
    const all = Buffer.concat(received);
    expect(all.length).toBe(expected + 4);
    expect(all.subarray(-10).toString()).toBe('behindlast');
  });

  it('keeps nothing of what it was given to write', async () => {
    const [near, far] = await connection();
    const [leg] = legOf(near);
    const filled = fill(leg);
    const reused = Buffer.from('mine');
    leg.write(reused);
    reused.fill('?');
    const received: Buffer[] = [];
    far.on('data', (chunk: Buffer) => received.push(chunk)).resume();
    leg.finish();
    await within(once(far, 'end'), 'the end');
    expect(Buffer.concat(received).subarray(filled).toString()).toBe('mine');
  });

  it('tells why it was closed when the peer resets', async () => {
    const [near, far] = await connection();
    const [leg, recorder] = legOf(near);
    resetSocket(far);
    await eventually(() => leg.isClosed && recorder.told.length > 0, 'the reset is told');
    expect(recorder.told).toEqual(['closed ECONNRESET']);
    expect(leg.write('late')).toBe(true);
  });

  it('stays half-open after the peer has ended: what is written still goes out', async () => {
    const [near, far] = await connection();
    const [leg] = legOf(near);
    far.end();
    await eventually(() => leg.hasEnded, 'the end is read');
    leg.write('tail');
    leg.finish();
    const [chunk] = (await within(once(far.resume(), 'data'), 'the tail')) as [Buffer];
    expect(chunk.toString()).toBe('tail');
  });

  it('reads frames of a megabyte whole', async () => {
    const [near, far] = await connection();
    const [, recorder] = legOf(near);
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    far.write(sent);
    await eventually(() => recorder.size === sent.length, 'everything is read');
    expect(Buffer.concat(recorder.chunks).equals(sent)).toBe(true);
  });
});

describe('a leg whose peer takes nothing any more', () => {
  it('still delivers what the peer had sent before (S16)', async () => {
    const [near, far] = await connection();
    const recorder = new Recorder();
    const leg = new Leg(near, recorder);
    leg.pause();
    far.write('the tail');
    far.end();
    await within(once(far, 'finish'), 'the end of the peer');
    far.destroy();
    await within(once(far, 'close'), 'the peer is gone');
    // The first write is answered with RST, the next ones with EPIPE.
    await eventually(() => {
      leg.write('x');
      return near.writable;
    }, 'the write is answered');
    for (let i = 0; i < 20; i += 1) {
      leg.write('x');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(leg.isClosed).toBe(false);
    leg.resume();
    await eventually(() => leg.isClosed, 'the leg is closed');
    expect(recorder.text).toBe('the tail');
  });
});

describe('a leg over TLS', () => {
  it('is read and written by its stream: nothing goes out in clear', async () => {
    const server = createTlsServer({ ...TEST_CERTIFICATE, allowHalfOpen: true });
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    const accepted = once(server, 'secureConnection');
    const near = connectTls({
      port: portOf(server),
      host: '127.0.0.1',
      ca: TEST_CERTIFICATE.cert,
      servername: 'localhost',
    });
    await once(near, 'secureConnect');
    const [far] = (await accepted) as [Socket];
    far.on('error', () => far.destroy());
    opened.push(near, far);
    const recorder = new Recorder();
    const leg = new Leg(near, recorder);
    expect(leg.isDirect).toBe(false);
    leg.write('to the peer');
    const [chunk] = (await within(once(far, 'data'), 'what was written')) as [Buffer];
    expect(chunk.toString()).toBe('to the peer');
    far.write('and back');
    await eventually(() => recorder.text === 'and back', 'the answer is read');
  });
});
