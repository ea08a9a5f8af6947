import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  closeFrame,
  collectLeaks,
  connectFields,
  decodeFrames,
  encodeFrame,
  eventually,
  H2,
  H2_CODE,
  H2_FLAG,
  type LeakWatch,
  OPCODE,
  type RawHttp2,
  rawHttp2,
  type RawHttp2Options,
  readClose,
  resetCode,
  scriptedBackend,
  type ScriptedBackend,
  statusOf,
} from '@ocelot/test-support';
import { http2Stand, type Http2Stand } from '../http2-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: Http2Stand;
let raw: RawHttp2 | undefined;

beforeEach(async () => {
  leaks = collectLeaks();
  raw = undefined;
  backend = await scriptedBackend();
});

afterEach(async () => {
  raw?.destroy();
  await stand.close();
  await backend.close();
  await leaks.verify();
});

/** A WebSocket over stream 1, its frames of HTTP/2 in the hands of the test. */
async function open(settings: object = {}, options: RawHttp2Options = {}) {
  stand = await http2Stand([backend.port], { settings: { CloseTimeoutMs: 200, ...settings } });
  raw = await rawHttp2(stand.port, options);
  raw.connect(1);
  const connection = await backend.connection();
  await connection.accept();
  expect(statusOf(await raw.read(H2.headers, 1))).toBe(200);
  return { client: raw, connection };
}

const masked = (payload: string | Buffer): Buffer => encodeFrame({ opcode: OPCODE.binary, payload, mask: true });
const summary = async () => (await stand.event('session.closed')).summary;

describe('a stream as the leg of a session (RFC 8441 §5)', () => {
  it('ends with END_STREAM on both sides once both Close frames are through', async () => {
    const { client, connection } = await open();
    client.sendData(1, closeFrame(1000, 'bye', true));
    expect(readClose(await connection.readFrame())).toEqual({ code: 1000, reason: 'bye' });
    connection.send(closeFrame(1000, 'bye'));
    connection.end();
    const close = decodeFrames((await client.read(H2.data, 1)).payload).frames[0];
    expect(close === undefined ? undefined : readClose(close).code).toBe(1000);
    while (((client.frames.at(-1)?.flags ?? 0) & H2_FLAG.endStream) === 0) await client.read(H2.data, 1);
    client.sendData(1, Buffer.alloc(0), H2_FLAG.endStream);
    expect(await summary()).toMatchObject({ closedBy: 'client', closeCode: 1000, errorCode: undefined });
    expect(client.frames.filter(({ type }) => type === H2.reset || type === H2.goaway)).toEqual([]);
  });

  it('asks a client that does not end it to stop, with NO_ERROR, and goes on with other streams', async () => {
    const { client, connection } = await open();
    client.sendData(1, closeFrame(1000, '', true));
    await connection.readFrame();
    connection.send(closeFrame(1000));
    connection.end();
    expect(resetCode(await client.read(H2.reset, 1))).toBe(H2_CODE.noError);
    await summary();
    client.connect(3);
    await (await backend.connection(1)).accept();
    expect(statusOf(await client.read(H2.headers, 3))).toBe(200);
  });

  it.each<[string, (client: RawHttp2) => void, string]>([
    ['END_STREAM', (client) => client.sendData(1, Buffer.alloc(0), H2_FLAG.endStream), 'CLIENT_GONE'],
    ['RST_STREAM with CANCEL', (client) => client.resetStream(1, H2_CODE.cancel), 'CLIENT_GONE'],
    ['RST_STREAM with an error', (client) => client.resetStream(1, H2_CODE.protocolError), 'CLIENT_GONE'],
    ['a broken connection', (client) => client.reset(), 'CLIENT_GONE'],
    ['the end of its connection', (client) => client.end(), 'CLIENT_GONE'],
  ])('tells the backend with Close 1001 of a client that leaves by %s', async (_, leave, code) => {
    const { client, connection } = await open();
    client.sendData(1, masked('whole'));
    expect((await connection.readFrame()).payload.toString()).toBe('whole');
    leave(client);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    connection.end();
    expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: `OCELOT_ERR_${code}` });
  });

  it('hears the last words of a client that resets the stream right behind them', async () => {
    const { client, connection } = await open();
    // In one segment: both are read at once.
    client.socket.cork();
    client.sendData(1, Buffer.concat([masked('last words'), closeFrame(1001, '', true)]));
    client.resetStream(1, H2_CODE.cancel);
    client.socket.uncork();
    expect((await connection.readFrame()).payload.toString()).toBe('last words');
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    connection.send(closeFrame(1001));
    connection.end();
    const { closedBy, closeCode, errorCode } = await summary();
    expect({ closedBy, closeCode, errorCode }).toEqual({ closedBy: 'client', closeCode: 1001, errorCode: undefined });
  });

  it('tells the client with Close 1014 of a backend that is lost, then ends', async () => {
    const { client, connection } = await open();
    connection.reset();
    const close = decodeFrames((await client.read(H2.data, 1)).payload).frames[0];
    expect(close === undefined ? undefined : readClose(close).code).toBe(1014);
    client.sendData(1, closeFrame(1014, '', true), H2_FLAG.endStream);
    expect(await summary()).toMatchObject({ closedBy: 'backend', errorCode: 'OCELOT_ERR_BACKEND_LOST' });
    expect(client.isClosed).toBe(false);
  });

  it('is cut with CANCEL when the gateway cuts the session, and only it', async () => {
    const { client, connection } = await open({ CloseTimeoutMs: 0 });
    const drained = stand.gateway.drain({ deadlineMs: 30, spreadMs: 0 });
    expect(resetCode(await client.read(H2.reset, 1))).toBe(H2_CODE.cancel);
    await connection.ended;
    expect(await drained).toMatchObject({ killed: 1 });
    client.sendHttp2(H2.ping, 0, 0, Buffer.from('still on'));
    expect((await client.read(H2.ping, 0)).payload.toString()).toBe('still on');
  });

  it('is drained with Close 1012 like any other', async () => {
    const { client, connection } = await open();
    const drained = stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
    const close = decodeFrames((await client.read(H2.data, 1)).payload).frames[0];
    expect(close === undefined ? undefined : readClose(close).code).toBe(1012);
    client.sendData(1, closeFrame(1012, '', true), H2_FLAG.endStream);
    expect(readClose(await connection.readFrame()).code).toBe(1012);
    connection.send(closeFrame(1012));
    connection.end();
    expect(await drained).toMatchObject({ clean: 1, killed: 0 });
  });

  it('passes a half-close through in opaque mode; the other direction goes on', async () => {
    const { client, connection } = await open({ Transfer: 'opaque', CloseTimeoutMs: 2000 });
    client.sendData(1, Buffer.from('last words'), H2_FLAG.endStream);
    expect((await connection.readToEnd()).toString()).toBe('last words');
    connection.send('answer');
    expect((await client.read(H2.data, 1)).payload.toString()).toBe('answer');
    connection.end();
    expect((await client.read(H2.data, 1)).flags & H2_FLAG.endStream).toBe(H2_FLAG.endStream);
    expect(await summary()).toMatchObject({ fromClient: { bytes: 10 }, fromBackend: { bytes: 6 } });
  });

  it.each([H2_CODE.cancel, H2_CODE.noError])(
    'takes RST_STREAM (%i) in opaque mode for a loss, not for a half-close',
    async (code) => {
      const { client, connection } = await open({ Transfer: 'opaque' });
      client.resetStream(1, code);
      await connection.ended;
      connection.end();
      expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: 'OCELOT_ERR_CLIENT_GONE' });
    },
  );

  it('cuts a stream whose client answers no ping (S17)', async () => {
    const { client, connection } = await open({ Ping: { IntervalMs: 20, TimeoutMs: 30, Legs: 'client' } });
    expect(decodeFrames((await client.read(H2.data, 1)).payload).frames[0]?.opcode).toBe(OPCODE.ping);
    expect(resetCode(await client.read(H2.reset, 1))).toBe(H2_CODE.cancel);
    expect(readClose(await connection.readFrame()).code).toBe(1001);
    connection.end();
    expect(await summary()).toMatchObject({ errorCode: 'OCELOT_ERR_PEER_SILENT' });
  });
});

describe('flow control is backpressure (S15)', () => {
  const OFFER = 64 * 1024 * 1024;
  const LITTLE = 12 * 1024 * 1024;

  /** How many bytes the kernel may hold between gateway and backend differs by machine; the gateway itself counts. */
  async function settled(count: () => number): Promise<number> {
    let before = -1;
    return eventually(async () => {
      const now = count();
      await new Promise((resolve) => setTimeout(resolve, 60));
      const isStill = now === before && now === count();
      before = now;
      return isStill && now;
    }, 'nothing moves any more');
  }

  it.each<[string, RawHttp2Options & { readonly connectionWindow: number }]>([
    ['whose windows are used up', { connectionWindow: 0 }],
    [
      'that allows everything and reads nothing',
      { initialWindow: 2 ** 31 - 1, connectionWindow: 2 ** 31 - 1 - 65_535 },
    ],
  ])('a client %s: the backend waits, the gateway holds little', async (_, { connectionWindow, ...options }) => {
    const { client, connection } = await open({ Transfer: 'framed' }, options);
    if (connectionWindow > 0) client.sendWindow(0, connectionWindow);
    client.pause();
    const chunk = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(65_526) });
    for (let sent = 0; sent < OFFER; sent += chunk.length) connection.send(chunk);
    const socket = connection.socket;
    const left = await settled(() => socket.writableLength);
    expect(left).toBeGreaterThan(OFFER / 2);
    // What the kernel holds between backend and gateway counts as well.
    expect(OFFER - left).toBeLessThan(LITTLE);
  });

  it('a client that reads slowly gets everything, in order', async () => {
    const { client, connection } = await open();
    const sent = Array.from({ length: 64 }, (_, index) =>
      encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(65_536, index) }),
    );
    for (const frame of sent) connection.send(frame);
    const total = sent.reduce((sum, frame) => sum + frame.length, 0);
    const parts: Buffer[] = [];
    let size = 0;
    while (size < total) {
      const { payload } = await client.read(H2.data, 1);
      if (payload.length === 0) continue;
      parts.push(payload);
      size += payload.length;
      client.sendWindow(0, payload.length);
      client.sendWindow(1, payload.length);
    }
    const { frames } = decodeFrames(Buffer.concat(parts));
    expect(frames.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 64 }, (_, index) => index));
  });

  it('a backend that does not read: the client gets no WINDOW_UPDATE any more', async () => {
    const { client, connection } = await open();
    connection.pause();
    let window = 65_535;
    let sent = 0;
    const chunk = Buffer.alloc(16_000);
    client.sendData(1, encodeFrame({ opcode: OPCODE.binary, mask: Buffer.alloc(4), claimedLength: BigInt(OFFER) }));
    // As much as the windows of stream and connection allow, until neither grows for a while.
    const windows = { 0: window, 1: window };
    let grew = performance.now();
    const reading = (async () => {
      for (;;) {
        const { type, stream, payload } = await client.readAny();
        if (type !== H2.windowUpdate || (stream !== 0 && stream !== 1)) continue;
        windows[stream] += payload.readUInt32BE(0);
        grew = performance.now();
      }
    })().catch(() => undefined);
    while (performance.now() - grew < 300 && sent < OFFER / 2) {
      window = Math.min(windows[0], windows[1]);
      if (window >= chunk.length) {
        client.sendData(1, chunk);
        windows[0] -= chunk.length;
        windows[1] -= chunk.length;
        sent += chunk.length;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    const inKernel = connection.bytesReceived;
    expect(sent - inKernel).toBeLessThan(LITTLE);
    expect(Math.min(windows[0], windows[1])).toBeLessThan(chunk.length);
    // The connection goes on for other streams.
    expect(windows[0]).toBeGreaterThan(0);
    client.destroy();
    await reading;
  });
});

describe('streams of one connection', () => {
  it('are sessions of their own: one that stands still or ends does not touch the others', async () => {
    stand = await http2Stand([backend.port]);
    const client = await stand.client();
    const count = 20;
    const sockets = Array.from({ length: count }, (_, index) => client.open({ path: `/${index}` }));
    const accepted = await Promise.all(
      sockets.map(async (_, index) => {
        const connection = await backend.connection(index);
        const { target } = await connection.accept();
        return { connection, index: Number(target.slice(1)) };
      }),
    );
    const connections = accepted.toSorted((a, b) => a.index - b.index).map(({ connection }) => connection);
    await Promise.all(sockets.map((socket) => socket.status()));
    const [stuck, gone, ...others] = sockets;
    stuck?.pause();
    connections[0]?.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(1_000_000) });
    gone?.reset();
    await connections[1]?.readFrame();
    for (const [index, socket] of others.entries()) {
      socket.sendFrame({ opcode: OPCODE.text, payload: `from ${index}`, mask: true });
      const connection = connections[index + 2];
      expect((await connection?.readFrame())?.payload.toString()).toBe(`from ${index}`);
      connection?.sendFrame({ opcode: OPCODE.text, payload: `to ${index}` });
      expect((await socket.readFrame()).payload.toString()).toBe(`to ${index}`);
    }
    expect(stand.gateway.openSessions).toBe(count - 1 + (connections[1]?.isClosed === true ? 0 : 1));
    stuck?.resume();
    expect((await stuck?.readFrame())?.payload).toHaveLength(1_000_000);
  });

  it('end together with their connection, each with its own summary', async () => {
    stand = await http2Stand([backend.port], { settings: { CloseTimeoutMs: 100 } });
    const client = await stand.client();
    const sockets = [client.open(), client.open(), client.open()];
    for (const index of sockets.keys()) await (await backend.connection(index)).accept();
    await Promise.all(sockets.map((socket) => socket.status()));
    client.destroy();
    for (const index of sockets.keys()) {
      const connection = await backend.connection(index);
      expect(readClose(await connection.readFrame()).code).toBe(1001);
      connection.end();
    }
    for (const index of sockets.keys()) {
      expect((await stand.event('session.closed', index)).summary.errorCode).toBe('OCELOT_ERR_CLIENT_GONE');
    }
  });

  it('stay open while the server says GOAWAY', async () => {
    const { client, connection } = await open();
    for (const session of stand.sessions) session.close();
    await client.read(H2.goaway, 0);
    client.sendData(1, masked('still here'));
    expect((await connection.readFrame()).payload.toString()).toBe('still here');
  });
});

describe('what node:http2 refuses never becomes a handshake (RFC 9113 §8.2, §8.3; S12)', () => {
  it.each<[string, readonly (readonly [string, string])[]]>([
    ['a Connection header', [...connectFields(), ['connection', 'upgrade']]],
    ['an Upgrade header', [...connectFields(), ['upgrade', 'websocket']]],
    ['Transfer-Encoding', [...connectFields(), ['transfer-encoding', 'chunked']]],
    ['two :path', [...connectFields(), [':path', '/other']]],
    ['a name in upper case', [...connectFields(), ['Sec-WebSocket-Protocol', 'x']]],
    ['no :scheme', connectFields().filter(([name]) => name !== ':scheme')],
    ['no :path', connectFields().filter(([name]) => name !== ':path')],
    ['no :authority', connectFields().filter(([name]) => name !== ':authority')],
  ])('%s', async (_, fields) => {
    stand = await http2Stand([backend.port]);
    raw = await rawHttp2(stand.port);
    raw.sendHeaders(1, fields);
    expect(resetCode(await raw.read(H2.reset, 1))).toBe(H2_CODE.protocolError);
    expect(backend.connections).toHaveLength(0);
  });

  it('a value with a line end is left out (S13)', async () => {
    stand = await http2Stand([backend.port]);
    raw = await rawHttp2(stand.port);
    raw.connect(1, '/', [['x-a', 'b\r\nx-c: d']]);
    const head = await (await backend.connection()).accept();
    expect(head.headers.filter(([name]) => name.startsWith('x-'))).toEqual([]);
    await raw.read(H2.headers, 1);
  });
});
