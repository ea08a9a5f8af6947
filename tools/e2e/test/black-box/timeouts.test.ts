// Situation: somebody on the way takes his time: the client, the network, the backend.
// Action: silence, or one byte now and then, at each phase.
// Expected: every phase ends by itself, with the answer or the code that names it, and no earlier than it may.
import { setTimeout as sleep } from 'node:timers/promises';

import { encodeFrame, OPCODE, readClose, switchingHead, upgradeHead, within } from '@ocelot/test-support';
import { afterAll, describe, expect, it } from 'vitest';

import { blackHole, type BlackHole } from './black-hole.js';
import { readRefusal, route, stand } from './stand.js';

let hole: BlackHole;

const subject = stand(async (port) => {
  hole = await blackHole();
  const patient = { ConnectTimeoutMs: 2_147_483_647, HandshakeTimeoutMs: 2_147_483_647, IdleTimeoutMs: 2_147_483_647 };
  return {
    Routes: [
      route('/ws/{everything}', port),
      route('/hole/{everything}', hole.port, { Gateway: { ConnectTimeoutMs: 300, Retry: { Attempts: 0 } } }),
      route('/past-hole/{everything}', [hole.port, port], { Gateway: { ConnectTimeoutMs: 300 } }),
      route('/handshake/{everything}', port, { Gateway: { HandshakeTimeoutMs: 500 } }),
      route('/both/{everything}', hole.port, { Gateway: { ConnectTimeoutMs: 60_000, HandshakeTimeoutMs: 500 } }),
      route('/seconds/{everything}', port, { Timeout: 1 }),
      route('/idle/{everything}', port, { Gateway: { IdleTimeoutMs: 600, CloseTimeoutMs: 300 } }),
      route('/idle-opaque/{everything}', port, {
        Gateway: { IdleTimeoutMs: 600, CloseTimeoutMs: 300, Transfer: 'opaque' },
      }),
      route('/patient/{everything}', port, { Timeout: 2_147_483, Gateway: patient }),
      route('/unlimited/{everything}', port, {
        Gateway: { ConnectTimeoutMs: 0, HandshakeTimeoutMs: 0, IdleTimeoutMs: 0 },
      }),
    ],
  };
});

afterAll(() => hole.close());

async function refusalOf(target: string): Promise<{ readonly status: number; readonly afterMs: number }> {
  const client = await subject.connect();
  const start = performance.now();
  client.send(upgradeHead({ target }));
  const { head } = await readRefusal(client);
  return { status: head.status, afterMs: performance.now() - start };
}

describe('a backend', () => {
  it.concurrent('that cannot be reached is answered with 504 after ConnectTimeoutMs', async () => {
    const { status, afterMs } = await refusalOf('/hole/1');
    expect(status).toBe(504);
    expect(afterMs).toBeGreaterThan(250);
  });

  it.concurrent('that cannot be reached gives way to the next endpoint', async () => {
    const client = await subject.connect();
    client.send(upgradeHead({ target: '/past-hole/1' }));
    const { connection, head } = await subject.backend.call('/past-hole/1');
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    expect((await client.readHead()).status).toBe(101);
  });

  it.concurrent('that cannot be reached costs no more than HandshakeTimeoutMs in all', async () => {
    expect((await refusalOf('/both/1')).status).toBe(504);
  });

  it.concurrent('that never answers the handshake is answered with 504', async () => {
    const { status, afterMs } = await refusalOf('/handshake/silent');
    expect(status).toBe(504);
    expect(afterMs).toBeGreaterThan(400);
    const { connection } = await subject.backend.call('/handshake/silent');
    await connection.ended;
  });

  it.concurrent("that never answers within Ocelot's Timeout, in seconds, is answered with 504", async () => {
    const { status, afterMs } = await refusalOf('/seconds/1');
    expect(status).toBe(504);
    expect(afterMs).toBeGreaterThan(900);
  });

  it.concurrent.each([
    ['half a status line', 'HTTP/1.1 10', 'half-line'],
    ['half a head', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n', 'half-head'],
    ['one interim answer', 'HTTP/1.1 100 Continue\r\n\r\n', 'interim'],
  ])('that says %s and then nothing is answered with 504', async (_what, said, name) => {
    const refusal = refusalOf(`/handshake/${name}`);
    const { connection } = await subject.backend.call(`/handshake/${name}`);
    connection.send(said);
    expect((await refusal).status).toBe(504);
  });

  it.concurrent('that drips its head byte by byte is answered with 504', async () => {
    const refusal = refusalOf('/handshake/drip');
    const { connection, head } = await subject.backend.call('/handshake/drip');
    const drip = setInterval(() => connection.send('x'), 50);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? '').replace('\r\n\r\n', '\r\nX-Slow: '));
    try {
      expect((await refusal).status).toBe(504);
    } finally {
      clearInterval(drip);
    }
  });

  it.concurrent.each(['patient', 'unlimited'])(
    'may take its time on a route of kind %s: long timers do not fire at once',
    async (folder) => {
      const { client, connection, head } = await subject.ask(folder);
      await sleep(400);
      connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
      expect((await client.readHead()).status).toBe(101);
      await sleep(400);
      client.sendFrame({ opcode: OPCODE.text, payload: 'still open', mask: true });
      expect((await connection.readFrame()).payload.toString()).toBe('still open');
    },
  );
});

describe('an open WebSocket', () => {
  it.concurrent('without a byte for IdleTimeoutMs is closed with 1001 on both sides', async () => {
    const { client, backend } = await subject.open({ folder: 'idle' });
    const start = performance.now();
    const [atClient, atBackend] = await Promise.all([client.readFrame(), backend.readFrame()]);
    expect(performance.now() - start).toBeGreaterThan(450);
    expect([readClose(atClient).code, readClose(atBackend).code]).toEqual([1001, 1001]);
    expect([atClient.masked, atBackend.masked]).toEqual([false, true]);
    await Promise.all([client.ended, backend.ended]);
  });

  it.concurrent.each(['client', 'backend'] as const)('stays while the %s alone sends pings', async (end) => {
    const tunnel = await subject.open({ folder: 'idle' });
    const ping = encodeFrame({ opcode: OPCODE.ping, mask: end === 'client' });
    for (let i = 0; i < 12; i += 1) {
      tunnel[end].send(ping);
      await sleep(120);
    }
    const other = end === 'client' ? tunnel.backend : tunnel.client;
    const frames = await other.readFrames(12);
    expect(frames.every(({ opcode }) => opcode === OPCODE.ping)).toBe(true);
    expect(other.unread).toHaveLength(0);
  });

  it.concurrent('stays while one huge frame drips', async () => {
    const { client, backend } = await subject.open({ folder: 'idle' });
    const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(12), mask: true });
    for (const byte of frame) {
      client.send(Buffer.from([byte]));
      await sleep(90);
    }
    expect((await backend.readFrame()).payload).toHaveLength(12);
  });

  it.concurrent('of an opaque route ends when idle, without a frame made up', async () => {
    const { client, backend } = await subject.open({ folder: 'idle-opaque' });
    const ends = await Promise.all([client, backend].map((end) => end.readToEnd().catch(() => Buffer.alloc(0))));
    expect(ends.map((bytes) => bytes.length)).toEqual([0, 0]);
  });
});

describe('a client', () => {
  it.concurrent('that was refused and does not leave is let go', async () => {
    const client = await subject.connect();
    client.send(upgradeHead({ target: '/nowhere' }));
    const head = await client.readHead();
    await client.readBody(head);
    // Half of the connection is still open on the client's side: the gateway does not wait for it for ever.
    const poke = setInterval(() => {
      if (client.socket.writable) client.send('more');
    }, 100);
    try {
      await within(client.closed, 'the end of a refused connection');
      expect(head.status).toBe(404);
    } finally {
      clearInterval(poke);
    }
  });
});
