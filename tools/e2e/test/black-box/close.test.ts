// Situation: an open WebSocket.
// Action: one side, or both, ends it: with a Close frame, without one, or in the middle of a frame.
// Expected: the other side learns it with the right code, nobody hangs, and no Close is written into a frame.
import {
  closeFrame,
  encodeFrame,
  eventually,
  OPCODE,
  readClose,
  within,
  type RawConnection,
} from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand, type Tunnel } from './stand.js';

const subject = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/short/{everything}', port, { Gateway: { CloseTimeoutMs: 300 } }),
    route('/blame/{everything}', port, { Gateway: { CloseTimeoutMs: 300 } }),
    route('/opaque/{everything}', port, { Gateway: { Transfer: 'opaque' } }),
  ],
}));

const SENDABLE = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

type End = 'client' | 'backend';
const ENDS: readonly End[] = ['client', 'backend'];
const other = (end: End): End => (end === 'client' ? 'backend' : 'client');

/** A Close as this end has to write it. */
const closeFrom = (end: End, code?: number, reason?: string): Buffer => closeFrame(code, reason, end === 'client');

async function readCloseFrame(connection: RawConnection): Promise<ReturnType<typeof readClose>> {
  return readClose(await connection.readFrame());
}

/** Both have said Close: the backend, being the server, ends its connection first (RFC 6455 §7.1.1); nobody says more. */
async function silence({ client, backend }: Tunnel): Promise<void> {
  backend.end();
  for (const connection of [client, backend]) expect((await connection.readToEnd()).length).toBe(0);
}

describe.each(ENDS)('a Close of the %s', (end) => {
  it.each(SENDABLE)('with %i and a reason reaches the other end as it is (RFC 6455 §7.4)', async (code) => {
    const tunnel = await subject.open();
    tunnel[end].send(closeFrom(end, code, `because of ${code}`));
    expect(await readCloseFrame(tunnel[other(end)])).toEqual({ code, reason: `because of ${code}` });
    tunnel[other(end)].send(closeFrom(other(end), code));
    expect((await readCloseFrame(tunnel[end])).code).toBe(code);
    await silence(tunnel);
  });

  it('without a code stays empty (RFC 6455 §7.1.5)', async () => {
    const tunnel = await subject.open();
    tunnel[end].send(closeFrom(end));
    expect(await readCloseFrame(tunnel[other(end)])).toEqual({ code: undefined, reason: '' });
    tunnel[other(end)].send(closeFrom(other(end)));
    expect((await readCloseFrame(tunnel[end])).code).toBeUndefined();
    await silence(tunnel);
  });

  it('with a reason of 123 bytes reaches the other end whole (RFC 6455 §5.5)', async () => {
    const tunnel = await subject.open();
    const reason = 'ä'.repeat(61) + '.';
    tunnel[end].send(closeFrom(end, 4001, reason));
    expect(await readCloseFrame(tunnel[other(end)])).toEqual({ code: 4001, reason });
  });

  it.each([0, 999, 1005, 1006, 1015, 5000, 65_535])(
    'with %i, which may not be sent, is answered with 1002 and never passed on (RFC 6455 §7.4)',
    async (code) => {
      const tunnel = await subject.open();
      tunnel[end].send(closeFrom(end, code));
      expect((await readCloseFrame(tunnel[end])).code).toBe(1002);
      const passed = await readCloseFrame(tunnel[other(end)]);
      expect(SENDABLE).toContain(passed.code);
      for (const side of ENDS) tunnel[side].send(closeFrom(side, 1002));
      await silence(tunnel);
    },
  );

  it('silences what it sends afterwards (RFC 6455 §5.5.1)', async () => {
    const tunnel = await subject.open();
    const late = encodeFrame({ opcode: OPCODE.text, payload: 'too late', mask: end === 'client' });
    tunnel[end].send(Buffer.concat([closeFrom(end, 1000), late]));
    tunnel[end].send(late);
    expect((await readCloseFrame(tunnel[other(end)])).code).toBe(1000);
    tunnel[other(end)].send(closeFrom(other(end), 1000));
    await readCloseFrame(tunnel[end]);
    await silence(tunnel);
  });

  it('lets the other end finish what it was saying (RFC 6455 §5.5.1)', async () => {
    const tunnel = await subject.open();
    tunnel[end].send(closeFrom(end, 1000));
    await readCloseFrame(tunnel[other(end)]);
    const mask = end === 'backend';
    tunnel[other(end)].sendFrame({ opcode: OPCODE.text, payload: 'one last thing', mask });
    tunnel[other(end)].send(closeFrom(other(end), 1000));
    const frames = await tunnel[end].readFrames(2);
    expect(frames.map(({ opcode }) => opcode)).toEqual([OPCODE.text, OPCODE.close]);
    await silence(tunnel);
  });

  it('followed at once by the end of its connection still arrives with its code', async () => {
    const tunnel = await subject.open();
    tunnel[end].send(closeFrom(end, 4321, 'bye'));
    tunnel[end].end();
    expect(await readCloseFrame(tunnel[other(end)])).toEqual({ code: 4321, reason: 'bye' });
    tunnel[other(end)].send(closeFrom(other(end), 4321));
    tunnel[other(end)].end();
    expect((await tunnel[other(end)].readToEnd()).length).toBe(0);
  });

  it('that nobody answers ends both connections after CloseTimeoutMs', async () => {
    const tunnel = await subject.open({ folder: 'short' });
    tunnel[end].send(closeFrom(end, 1000));
    await Promise.all([tunnel.client.ended, tunnel.backend.ended]);
    expect((await readCloseFrame(tunnel[other(end)])).code).toBe(1000);
  });

  it('may come in pieces, between the fragments of a message (RFC 6455 §5.4)', async () => {
    const tunnel = await subject.open();
    tunnel[end].sendFrame({ fin: false, opcode: OPCODE.text, payload: 'half', mask: end === 'client' });
    await tunnel[end].sendInPieces(Array.from(closeFrom(end, 1000, 'enough'), (byte) => Buffer.from([byte])));
    await tunnel[other(end)].readFrame();
    expect(await readCloseFrame(tunnel[other(end)])).toEqual({ code: 1000, reason: 'enough' });
  });
});

describe('after both Closes', () => {
  // Attack on patience: yarp#1770, a proxy that leaves the connection open makes browsers report 1006.
  it.each(ENDS)(
    "of which the first was the %s's, the client's connection ends at once, whatever the backend does",
    async (end) => {
      const tunnel = await subject.open();
      tunnel[end].send(closeFrom(end, 1000));
      await readCloseFrame(tunnel[other(end)]);
      tunnel[other(end)].send(closeFrom(other(end), 1000));
      await readCloseFrame(tunnel[end]);
      // The close timeout of this route is 5 s.
      await within(tunnel.client.ended, "the end of the client's connection", 1500);
      expect(tunnel.client.finReceived).toBe(true);
      tunnel.backend.end();
    },
  );
});

describe('two Closes that cross', () => {
  it('reach both ends and end both connections at once (RFC 6455 §7.1.2)', async () => {
    for (let i = 0; i < 20; i += 1) {
      const tunnel = await subject.open();
      tunnel.client.send(closeFrom('client', 4001));
      tunnel.backend.send(closeFrom('backend', 4002));
      const [atClient, atBackend] = await Promise.all([readCloseFrame(tunnel.client), readCloseFrame(tunnel.backend)]);
      expect([atClient.code, atBackend.code]).toEqual([4002, 4001]);
      await silence(tunnel);
    }
  });
});

describe('a connection that ends without a Close', () => {
  it.each(['end', 'reset', 'destroy'] as const)(
    'on the side of the backend (%s) tells the client 1014',
    async (how) => {
      const tunnel = await subject.open();
      tunnel.backend.sendFrame({ opcode: OPCODE.text, payload: 'last words' });
      expect((await tunnel.client.readFrame()).payload.toString()).toBe('last words');
      tunnel.backend[how]();
      expect((await readCloseFrame(tunnel.client)).code).toBe(1014);
      tunnel.client.send(closeFrom('client', 1014));
      expect((await tunnel.client.readToEnd()).length).toBe(0);
    },
  );

  it.each(['end', 'reset', 'destroy'] as const)(
    'on the side of the client (%s) tells the backend 1001',
    async (how) => {
      const tunnel = await subject.open();
      tunnel.client.sendFrame({ opcode: OPCODE.text, payload: 'last words', mask: true });
      expect((await tunnel.backend.readFrame()).payload.toString()).toBe('last words');
      tunnel.client[how]();
      const frame = await tunnel.backend.readFrame();
      expect([readClose(frame).code, frame.masked]).toEqual([1001, true]);
      tunnel.backend.send(closeFrom('backend', 1001));
      tunnel.backend.end();
      await tunnel.backend.readToEnd();
      expect(tunnel.backend.unread).toHaveLength(0);
    },
  );

  it.each(ENDS)('in the middle of a frame of the %s: no Close is written into the frame', async (end) => {
    for (const how of ['end', 'reset'] as const) {
      const tunnel = await subject.open();
      const whole = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(5000, 'm'), mask: end === 'client' });
      tunnel[end].send(whole.subarray(0, 2000));
      await tunnel[other(end)].readBytes(1000);
      tunnel[end][how]();
      // What arrives is a beginning of the frame and nothing else, then the end in whatever form.
      const rest = await tunnel[other(end)].readToEnd().catch(() => tunnel[other(end)].unread);
      expect(whole.subarray(1000, 1000 + rest.length).equals(rest)).toBe(true);
    }
  });

  it('ends the other leg of an opaque route as well', async () => {
    for (const end of ENDS) {
      const tunnel = await subject.open({ folder: 'opaque' });
      tunnel[end].send('any bytes');
      tunnel[end].end();
      expect((await tunnel[other(end)].readToEnd()).toString()).toBe('any bytes');
      tunnel[other(end)].end();
      await tunnel[end].ended;
    }
  });
});

describe('the line of the log about a connection', () => {
  it.each([
    ['client', 'a Close of the client', ({ client }: Tunnel) => client.send(closeFrame(4000, '', true))],
    ['backend', 'a Close of the backend', ({ backend }: Tunnel) => backend.send(closeFrame(4000))],
    ['client', 'a client that vanishes', ({ client }: Tunnel) => client.reset()],
    ['backend', 'a backend that vanishes', ({ backend }: Tunnel) => backend.reset()],
  ])('blames the %s for %s', async (closedBy, _what, act) => {
    const lines = (): readonly Record<string, unknown>[] =>
      subject.gateway.logs().filter((entry) => 'closedBy' in entry && String(entry['route']).includes('blame'));
    const before = lines().length;
    const tunnel = await subject.open({ folder: 'blame' });
    act(tunnel);
    for (const end of ENDS) {
      await tunnel[end].readFrame().catch(() => undefined); // Whoever vanished reads nothing.
      tunnel[end].end();
    }
    expect(await eventually(() => lines()[before], 'the line is written')).toMatchObject({ closedBy });
  });
});
