// Situation: a client begins a handshake and leaves before it is over.
// Action: FIN or RST at every phase: while dialing, while the backend thinks, while its answer is on the way.
// Expected: the attempt at the backend ends as well, its lease is given back exactly once, nothing is left behind.
import { echoBackend, switchingHead, upgradeHead, type EchoBackend, type RawClient } from '@ocelot/test-support';
import { afterAll, describe, expect, it } from 'vitest';

import { talk } from '../../src/talk.js';
import { blackHole, type BlackHole } from './black-hole.js';
import { HAS_PROC } from './gateway-process.js';
import { route, stand } from './stand.js';
import { switchboard, type Switchboard } from './switchboard.js';

let hole: BlackHole;
let second: Switchboard;
let left: EchoBackend;
let right: EchoBackend;

const LEAST = { LoadBalancerOptions: { Type: 'LeastConnection' } };
const ENDINGS = ['reset', 'end', 'destroy'] as const;

const subject = stand(async (port) => {
  hole = await blackHole();
  second = await switchboard();
  left = await echoBackend({ name: 'left:' });
  right = await echoBackend({ name: 'right:' });
  return {
    Routes: [
      route('/ws/{everything}', port),
      route('/hole/{everything}', hole.port, { Gateway: { ConnectTimeoutMs: 60_000, HandshakeTimeoutMs: 60_000 } }),
      route('/pair/{everything}', [port, second.port], LEAST),
      route('/echo/{everything}', [left.port, right.port], LEAST),
    ],
  };
});

afterAll(async () => {
  await hole.close();
  await second.close();
  await left.close();
  await right.close();
});

/** How many sockets the gateway has in use; the test is told by the system where it can. */
async function idle(): Promise<void> {
  if (HAS_PROC) await subject.everySocketIsClosed();
}

/** Whether a WebSocket opens; it is gone again afterwards. */
async function opens(): Promise<boolean> {
  const { client, backend, response } = await subject.open();
  client.destroy();
  backend.destroy();
  return response.status === 101;
}

async function begin(target: string): Promise<RawClient> {
  const client = await subject.connect();
  client.send(upgradeHead({ target }));
  return client;
}

describe.each(ENDINGS)('a client that leaves (%s)', (how) => {
  it('while the backend is being dialed ends the attempt', async () => {
    const client = await begin(subject.target('hole'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    client[how]();
    await idle();
    client.destroy();
    expect(client.finReceived || client.socket.destroyed).toBe(true);
  });

  it('while the backend thinks ends the connection to it', async () => {
    const { client, connection } = await subject.ask();
    client[how]();
    await connection.ended;
    client.destroy();
    expect(connection.finReceived || connection.isClosed).toBe(true);
  });

  it('while the head of the answer is on its way ends the connection to the backend', async () => {
    const { client, connection } = await subject.ask();
    connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: web');
    client[how]();
    await connection.ended;
    client.destroy();
    expect(connection.finReceived || connection.isClosed).toBe(true);
  });
});

describe('a client that vanishes (RST)', () => {
  it('while a refusal of the backend is relayed ends the connection to the backend', async () => {
    const { client, connection } = await subject.ask();
    connection.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 100000000\r\n\r\n');
    await client.readHead();
    const flood = setInterval(() => {
      if (connection.socket.writable && !connection.socket.writableNeedDrain) connection.send(Buffer.alloc(10_000));
    }, 1);
    client.reset();
    await connection.ended;
    clearInterval(flood);
    expect(connection.finReceived || connection.isClosed).toBe(true);
  });

  it('at the moment of the 101 leaves nothing behind', async () => {
    for (let i = 0; i < 40; i += 1) {
      const { client, connection, head } = await subject.ask();
      if (i % 2 === 0) client.reset();
      connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
      if (i % 2 === 1) client.reset();
      connection.end();
    }
    expect(await opens()).toBe(true);
  });

  it('with early frames behind its request leaves nothing behind', async () => {
    for (let i = 0; i < 20; i += 1) {
      const client = await subject.connect();
      client.send(upgradeHead({ target: subject.target() }) + 'x'.repeat(10_000));
      client.reset();
    }
    expect(await opens()).toBe(true);
  });
});

describe('the lease of a client that left', () => {
  it('is given back exactly once, whenever he left: the balance of the endpoints is kept', async () => {
    for (const how of ENDINGS) {
      for (let i = 0; i < 8; i += 1) {
        const target = subject.target('pair');
        const client = await begin(target);
        // Both endpoints are idle before each: the first of the list is asked while no lease was lost.
        const { connection } = await subject.backend.call(target);
        if (i % 2 === 1) connection.send('HTTP/1.1 1');
        client[how]();
        await connection.ended;
        client.destroy();
      }
    }
    expect(second.calls).toHaveLength(0);
  });

  it('and of those who stayed makes four and four of eight sockets', async () => {
    const url = `ws://${subject.gateway.authority}/echo/1`;
    for (let i = 0; i < 10; i += 1) {
      const client = await begin('/echo/gone');
      if (i % 2 === 0) await client.readHead();
      client.reset();
    }
    await idle();
    const talkers = [];
    for (let i = 0; i < 8; i += 1) talkers.push(await talk(url));
    const names = await Promise.all(talkers.map((talker) => talker.ask('who')));
    expect(names.filter((name) => name === 'left:who')).toHaveLength(4);
    await Promise.all(talkers.map((talker) => talker.close()));
    // And again from the beginning once they left.
    await idle();
    const next = await talk(url);
    expect(await next.ask('who')).toBe('left:who');
    await next.close();
  });
});
