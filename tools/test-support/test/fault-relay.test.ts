import { connect, Socket } from 'node:net';

import { afterAll, afterEach, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  eventually,
  faultRelay,
  randomFaultPlan,
  rawClient,
  resetSocket,
  scriptedBackend,
  seededRandom,
  within,
  type BackendConnection,
  type FaultPlan,
  type FaultRelay,
  type RawClient,
  type RelayedConnection,
  type ScriptedBackend,
} from '../src/index.js';

interface Ends {
  readonly client: RawClient;
  readonly server: BackendConnection;
  readonly relayed: RelayedConnection;
}

const opened: { backend: ScriptedBackend; relay: FaultRelay }[] = [];
const sockets: { destroy(): void }[] = [];

/** A client and a server with a relay between them that follows `plan`. */
async function joined(plan: FaultPlan = {}): Promise<Ends> {
  const backend = await scriptedBackend();
  const relay = await faultRelay({ port: backend.port, plan: () => plan });
  opened.push({ backend, relay });
  const client = await rawClient(relay.port);
  sockets.push(client);
  const [relayed, server] = await Promise.all([relay.connection(), backend.connection()]);
  return { client, server, relayed };
}

// One watch over the whole file: a relay that kept a socket would keep it to the end.
const leaks = collectLeaks();
afterAll(() => leaks.verify());

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { backend, relay } of opened.splice(0)) {
    await relay.close();
    await backend.close();
  }
});

describe('faultRelay', () => {
  it('carries bytes and FIN both ways when nothing is planned', async () => {
    const { client, server } = await joined();
    client.send('question');
    client.end();
    expect((await server.readToEnd()).toString()).toBe('question');
    server.send(Buffer.alloc(3_000_000, 'a'));
    server.end();
    expect(await client.readToEnd()).toHaveLength(3_000_000);
    expect((await client.closed).error).toBeUndefined();
  });

  it('carries a reset as a reset', async () => {
    const { client, server } = await joined();
    client.send('x');
    await server.readBytes(1);
    client.reset();
    expect(await server.closed).toMatchObject({ finReceived: false, error: { code: 'ECONNRESET' } });
  });

  it('resets the client when nobody listens behind it', async () => {
    const backend = await scriptedBackend();
    const relay = await faultRelay({ port: backend.port });
    opened.push({ backend, relay });
    await backend.close();
    const socket = connect(relay.port, '127.0.0.1');
    sockets.push(socket);
    const code = await new Promise((resolve) =>
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)),
    );
    expect(code).toBe('ECONNRESET');
  });

  it('delivers one byte at a time', async () => {
    const { client, server } = await joined({ toServer: { pieceBytes: 1 } });
    const sizes: number[] = [];
    server.socket.on('data', (chunk: Buffer) => sizes.push(chunk.length));
    client.send('0123456789');
    expect((await server.readBytes(10)).toString()).toBe('0123456789');
    // The receiver's system may put neighbours together under load, but never all of them.
    expect(sizes.length).toBeGreaterThan(1);
  });

  it('passes everything on in order when pieces end and many chunks wait', async () => {
    const { client, server } = await joined({ toServer: { pieceBytes: 1, piecesUntil: 300 } });
    const chunks = Array.from({ length: 200 }, (_, index) => `${index};`);
    for (const [index, chunk] of chunks.entries()) {
      client.send(chunk);
      if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await server.readBytes(chunks.join('').length)).toString()).toBe(chunks.join(''));
  });

  it('splits at the offsets chosen', async () => {
    const { client, server, relayed } = await joined({ toServer: { splitAt: [3, 7], delayMs: 5 } });
    const sizes: number[] = [];
    server.socket.on('data', (chunk: Buffer) => sizes.push(chunk.length));
    client.send('0123456789');
    await server.readBytes(10);
    expect(sizes).toEqual([3, 4, 3]);
    expect(relayed.passed('toServer')).toBe(10);
  });

  it('holds bytes back for a delay and by a rate', async () => {
    const begin = performance.now();
    const { client, server } = await joined({ toServer: { delayMs: 40 }, toClient: { bytesPerSecond: 10_000 } });
    client.send('x');
    await server.readBytes(1);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(39);
    server.send(Buffer.alloc(1000));
    await client.readBytes(1000);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(130);
  });

  it('cuts with FIN to both ends at the byte chosen', async () => {
    const { client, server } = await joined({ faults: [{ kind: 'cut', way: 'toServer', afterBytes: 4 }] });
    client.send('0123456789');
    expect((await server.readToEnd()).toString()).toBe('0123');
    await client.ended;
    client.end();
    server.end();
    expect(await client.closed).toMatchObject({ finReceived: true });
  });

  it('resets both ends at the byte chosen', async () => {
    const { client, server } = await joined({ faults: [{ kind: 'reset', way: 'toClient', afterBytes: 2 }] });
    server.send('0123');
    expect((await server.closed).error).toMatchObject({ code: 'ECONNRESET' });
    // Bytes and RST at once are told as bytes and an end (libuv, uv__stream_io).
    await client.ended;
    expect(client.bytesReceived).toBeLessThanOrEqual(2);
  });

  it('resets both ends by hand', async () => {
    const { client, server, relayed } = await joined();
    client.send('x');
    await server.readBytes(1);
    relayed.reset();
    expect((await server.closed).error).toMatchObject({ code: 'ECONNRESET' });
    expect((await client.closed).error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('resets before the first byte', async () => {
    const backend = await scriptedBackend();
    const plan: FaultPlan = { faults: [{ kind: 'reset', way: 'toServer', afterBytes: 0 }] };
    const relay = await faultRelay({ port: backend.port, plan: () => plan });
    opened.push({ backend, relay });
    const client = await rawClient(relay.port);
    expect((await client.closed).error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('half-closes one way and carries the other', async () => {
    const { client, server } = await joined({ faults: [{ kind: 'halfClose', way: 'toServer', afterBytes: 3 }] });
    client.send('abcdef');
    expect((await server.readToEnd()).toString()).toBe('abc');
    server.send('still here');
    expect((await client.readBytes(10)).toString()).toBe('still here');
  });

  it('lets a sender end whose way was half-closed, however much it had to say', async () => {
    const { server, relayed } = await joined({ faults: [{ kind: 'halfClose', way: 'toClient', afterBytes: 10 }] });
    server.send(Buffer.alloc(20_000_000));
    server.end();
    await eventually(() => server.socket.writableFinished, 'everything is taken');
    expect(relayed.passed('toClient')).toBe(10);
  });

  it('swallows everything and tells neither end when a peer vanishes', async () => {
    const { client, server, relayed } = await joined();
    client.send('seen');
    await server.readBytes(4);
    relayed.halfOpen();
    client.send('lost');
    server.send('lost too');
    client.end();
    await client.closed.then(
      () => undefined,
      () => undefined,
    );
    expect([server.bytesReceived, server.finReceived, server.isClosed]).toEqual([4, false, false]);
    expect(client.bytesReceived).toBe(0);
    expect(relayed.faults).toEqual(['halfOpen']);
    server.end();
    await relayed.closed;
  });

  it('stops reading until it is told to go on, so that the sender feels it', async () => {
    const { client, server, relayed } = await joined();
    relayed.stall('toServer');
    const size = 20_000_000;
    client.send(Buffer.alloc(size));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(server.bytesReceived).toBeLessThan(size);
    relayed.unstall('toServer');
    await eventually(() => server.bytesReceived === size, 'the rest arrives');
  });

  it('stalls for a time by plan, and loses nothing', async () => {
    const { client, server } = await joined({ faults: [{ kind: 'stall', way: 'toServer', afterBytes: 5, ms: 30 }] });
    client.send('0123456789');
    expect((await server.readBytes(10)).toString()).toBe('0123456789');
  });

  it('chooses a plan by the request when it reads the opening', async () => {
    const backend = await scriptedBackend();
    const seen: string[] = [];
    const relay = await faultRelay({
      port: backend.port,
      readsOpening: true,
      plan(index, opening) {
        seen.push(`${index} ${opening.toString()}`);
        return { faults: [{ kind: 'cut', way: 'toServer', afterBytes: 5 }] };
      },
    });
    opened.push({ backend, relay });
    const client = await rawClient(relay.port);
    sockets.push(client);
    client.send('GET /7');
    expect((await (await backend.connection()).readToEnd()).toString()).toBe('GET /');
    expect(seen).toEqual(['0 GET /7']);
  });

  it('carries a FIN that comes right behind the opening', async () => {
    const backend = await scriptedBackend();
    const relay = await faultRelay({ port: backend.port, readsOpening: true });
    opened.push({ backend, relay });
    const client = await rawClient(relay.port);
    sockets.push(client);
    client.send('half of it');
    client.end();
    expect((await (await backend.connection()).readToEnd()).toString()).toBe('half of it');
  });

  it('holds nothing of connections that are over', async () => {
    const backend = await scriptedBackend((connection) => connection.destroy());
    const relay = await faultRelay({ port: backend.port });
    opened.push({ backend, relay });
    for (let i = 0; i < 20; i += 1) {
      const client = await rawClient(relay.port);
      await client.ended;
      client.destroy();
    }
    await eventually(() => relay.open === 0, 'every connection is gone');
    expect(relay.accepted).toBe(20);
  });
});

describe('resetSocket', () => {
  it('closes a socket whose FIN is just on its way', async () => {
    const { client, server } = await joined();
    client.end();
    await new Promise((resolve) => process.nextTick(resolve));
    if (client.socket instanceof Socket) resetSocket(client.socket);
    await within(client.closed, 'the end of the socket');
    await server.ended;
    expect(server.finReceived || server.isClosed).toBe(true);
  });
});

describe('randomFaultPlan', () => {
  it('chooses the same for the same seed, and every kind in time', () => {
    const choose = (seed: number): readonly FaultPlan[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 200 }, (_, index) => randomFaultPlan(random.fork(index)));
    };
    expect(choose(7)).toEqual(choose(7));
    expect(choose(8)).not.toEqual(choose(7));
    const kinds = new Set(choose(7).flatMap((plan) => (plan.faults ?? []).map((fault) => fault.kind)));
    expect([...kinds].toSorted()).toEqual(['cut', 'halfClose', 'halfOpen', 'reset', 'stall']);
  });
});

describe('seededRandom', () => {
  it('forks by name, whatever was drawn before', () => {
    const one = seededRandom('soak');
    const other = seededRandom('soak');
    other.next();
    expect(one.fork(3).next()).toBe(other.fork(3).next());
    expect(one.fork(3).next()).not.toBe(one.fork(4).next());
  });
});
