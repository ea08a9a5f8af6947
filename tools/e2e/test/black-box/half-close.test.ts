// Situation: one side has said all it wanted and ends its half of the connection, or cuts it, while the other talks on.
// Action: FIN or RST at each phase, with data still on its way in both directions.
// Expected: what was sent before a FIN arrives whole, the other side is told, and nothing outlives its timeout.
import { createHash, randomBytes } from 'node:crypto';

import { closeFrame, encodeFrame, OPCODE, readClose, upgradeHead, type Frame } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand, type Tunnel } from './stand.js';

const subject = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port, { Gateway: { CloseTimeoutMs: 400 } }),
    route('/short/{everything}', port, { Gateway: { CloseTimeoutMs: 100 } }),
    route('/opaque/{everything}', port, { Gateway: { Transfer: 'opaque', CloseTimeoutMs: 400 } }),
  ],
}));

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const MEGABYTE = 1_048_576;

/** Goes on sending from one end until told to stop; whether anybody reads is not its concern. */
function chatter(connection: Tunnel['client'] | Tunnel['backend'], mask: boolean): () => void {
  const frame = encodeFrame({ opcode: OPCODE.text, payload: 'still talking', mask });
  const timer = setInterval(() => {
    if (connection.socket.writable) connection.send(frame);
  }, 1);
  return () => clearInterval(timer);
}

describe('a backend that sends 1 MB and then FIN while the client is still sending', () => {
  it('has every byte delivered, and its loss told with 1014', async () => {
    const { client, backend } = await subject.open();
    const stop = chatter(client, true);
    const payload = randomBytes(MEGABYTE);
    backend.sendFrame({ opcode: OPCODE.binary, payload });
    backend.end();
    const [data, close] = (await client.readFrames(2)) as [Frame, Frame];
    stop();
    expect(digest(data.payload)).toBe(digest(payload));
    expect(readClose(close).code).toBe(1014);
    client.send(closeFrame(1014, '', true));
    expect((await client.readToEnd()).length).toBe(0);
  });

  it('and a Close before the FIN has that Close delivered behind the data', async () => {
    const { client, backend } = await subject.open();
    const stop = chatter(client, true);
    const payload = randomBytes(MEGABYTE);
    backend.sendFrame({ opcode: OPCODE.binary, payload });
    backend.send(closeFrame(4005, 'done'));
    backend.end();
    const [data, close] = (await client.readFrames(2)) as [Frame, Frame];
    stop();
    expect(digest(data.payload)).toBe(digest(payload));
    expect(readClose(close)).toEqual({ code: 4005, reason: 'done' });
    client.send(closeFrame(4005, '', true));
    expect((await client.readToEnd()).length).toBe(0);
  });

  it('to a client that reads only later has every byte delivered all the same', async () => {
    const { client, backend } = await subject.open();
    client.pause();
    const payload = randomBytes(4 * MEGABYTE);
    backend.sendFrame({ opcode: OPCODE.binary, payload });
    backend.end();
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.resume();
    expect(digest((await client.readFrame()).payload)).toBe(digest(payload));
  });

  it('through an opaque route has every byte delivered, then FIN', async () => {
    const { client, backend } = await subject.open({ folder: 'opaque' });
    const stop = chatter(client, true);
    const bytes = randomBytes(MEGABYTE);
    backend.send(bytes);
    backend.end();
    const received = await client.readToEnd();
    stop();
    expect(digest(received)).toBe(digest(bytes));
  });
});

describe('a client that sends 1 MB and then FIN while the backend is still sending', () => {
  it('has every byte delivered, and its leaving told with 1001', async () => {
    const { client, backend } = await subject.open();
    const stop = chatter(backend, false);
    const payload = randomBytes(MEGABYTE);
    client.sendFrame({ opcode: OPCODE.binary, payload, mask: true });
    client.end();
    const [data, close] = (await backend.readFrames(2)) as [Frame, Frame];
    stop();
    expect(digest(data.payload)).toBe(digest(payload));
    expect(readClose(close).code).toBe(1001);
  });

  it('through an opaque route still gets what the backend answers', async () => {
    const { client, backend } = await subject.open({ folder: 'opaque' });
    const bytes = randomBytes(MEGABYTE);
    client.send(bytes);
    client.end();
    expect(digest(await backend.readToEnd())).toBe(digest(bytes));
    const answer = randomBytes(1000);
    backend.send(answer);
    backend.end();
    expect(digest(await client.readToEnd())).toBe(digest(answer));
  });
});

describe('an opaque route', () => {
  it('does not keep half a connection for ever', async () => {
    const { client, backend } = await subject.open({ folder: 'opaque' });
    client.end();
    await backend.ended;
    // The backend neither ends nor speaks: CloseTimeoutMs does it.
    await client.ended;
    expect(client.finReceived || client.isClosed).toBe(true);
  });
});

describe('RST', () => {
  it('of the client in the middle of its head leaves nothing behind', async () => {
    for (const length of [0, 1, 20, 100]) {
      const client = await subject.connect();
      client.send(upgradeHead({ target: subject.target() }).slice(0, length));
      client.reset();
    }
    expect((await subject.open()).response.status).toBe(101);
  });

  it('of the backend in the middle of its head is answered with 502', async () => {
    for (const begun of ['', 'HTTP/1.1 101 Switching Protocols\r\nUpgr']) {
      const { client, connection } = await subject.ask();
      connection.send(begun);
      connection.reset();
      const head = await client.readHead();
      expect(head.status).toBe(502);
      await client.readBody(head);
    }
  });

  it.each([
    ['in the middle of a frame', 1000],
    ['between two frames', 0],
  ])('of either side %s ends the other', async (_when, cut) => {
    for (const end of ['client', 'backend'] as const) {
      const tunnel = await subject.open({ folder: 'short' });
      const other = end === 'client' ? tunnel.backend : tunnel.client;
      const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(5000), mask: end === 'client' });
      tunnel[end].send(frame.subarray(0, frame.length - cut));
      await other.readBytes(1000);
      tunnel[end].reset();
      await other.ended;
      expect(other.finReceived || other.isClosed).toBe(true);
    }
  });

  it('between the two Closes ends both sides', async () => {
    for (const first of ['client', 'backend'] as const) {
      for (const cut of ['client', 'backend'] as const) {
        const tunnel = await subject.open({ folder: 'short' });
        tunnel[first].send(closeFrame(1000, '', first === 'client'));
        await tunnel[first === 'client' ? 'backend' : 'client'].readFrame();
        tunnel[cut].reset();
        const left = tunnel[cut === 'client' ? 'backend' : 'client'];
        await left.ended;
        expect(left.finReceived || left.isClosed).toBe(true);
      }
    }
  });

  it('of both sides at once, with data on its way, leaves nothing behind', async () => {
    for (let i = 0; i < 30; i += 1) {
      const { client, backend } = await subject.open();
      client.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(100_000), mask: true });
      backend.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(100_000) });
      client.reset();
      backend.reset();
    }
    expect((await subject.open()).response.status).toBe(101);
  });
});
