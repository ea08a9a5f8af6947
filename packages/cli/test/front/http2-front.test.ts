import { once } from 'node:events';
import { createServer } from 'node:http';
import { type ClientHttp2Stream, type OutgoingHttpHeaders, connect, constants } from 'node:http2';
import { type AddressInfo, type Socket, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { httpRelay } from '@ocelot/http-relay';
import { lb } from '@ocelot/lb';
import { type Http2Client, OPCODE, eventually, readClose, scriptedBackend, within } from '@ocelot/test-support';
import { wsRelay } from '@ocelot/ws-relay';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';

import { rawConnection } from '../raw-connection.js';
import { authority, http2Session, secureGateway, tlsConnection } from './secure-gateway.js';

/** Sends a request and gives back its answer, or the code that its stream was reset with. */
async function ask({ session }: Pick<Http2Client, 'session'>, headers: OutgoingHttpHeaders): Promise<number | string> {
  const stream = session.request({ ':authority': 'localhost', ':path': '/nowhere', ...headers });
  stream.on('error', () => undefined).resume();
  return within(outcome(stream), 'an answer');
}

function outcome(stream: ClientHttp2Stream): Promise<number | string> {
  return new Promise((resolve) => {
    stream.once('response', (head) => resolve(head[':status'] ?? 0));
    stream.once('close', () => resolve(`reset with ${stream.rstCode}`));
  });
}

/** Opens a WebSocket over HTTP/2 at the echo backend. */
async function openSocket(client: Http2Client) {
  const socket = client.open({ path: '/echo', headers: { ':scheme': 'https' } });
  expect(await socket.status()).toBe(200);
  return socket;
}

async function echo(socket: Awaited<ReturnType<typeof openSocket>>, text: string): Promise<string> {
  socket.sendFrame({ opcode: OPCODE.text, payload: text, mask: true });
  return (await socket.readFrame()).payload.toString();
}

/** RFC 9113 §3.4; empty SETTINGS (type 4) have to follow. */
const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** RFC 9113 §4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

const yes = (): boolean => true;
const no = (): boolean => false;

/** The timers of the gateway wait for the test until it ends; Node's own are others. */
function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

describe('HTTP/2 with clients', () => {
  it('tells that WebSockets are served, and how many streams (RFC 8441 §3, RFC 9113 §6.5.2)', async () => {
    const { port } = await secureGateway({ gateway: { MaxHeaderBytes: 20_000 } });
    const { session } = await http2Session(port);
    expect(session.remoteSettings).toMatchObject({
      enableConnectProtocol: true,
      maxConcurrentStreams: 100,
      maxHeaderListSize: 20_000,
    });
  });

  it('relays WebSockets over HTTP/2 and over HTTP/1.1 on one port', async () => {
    const { port, open } = await secureGateway();
    const client = await http2Session(port);
    const [first, second] = [await openSocket(client), await openSocket(client)];
    const plain = new WebSocket(`wss://127.0.0.1:${port}/echo`, { ca: authority.cert });
    onTestFinished(() => plain.terminate());
    await once(plain, 'open');
    plain.send('over HTTP/1.1');
    expect(String((await once(plain, 'message'))[0])).toBe('over HTTP/1.1');
    expect(await echo(first, 'first')).toBe('first');
    expect(await echo(second, 'second')).toBe('second');
    expect(open.gateway.openSessions).toBe(3);
  });

  it('relays plain requests', async () => {
    const backend = createServer((_request, response) => response.writeHead(418).end());
    onTestFinished(() => backend.close().closeAllConnections());
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const { port } = await secureGateway({ backendPort: (backend.address() as AddressInfo).port });
    const client = await http2Session(port);
    expect(await ask(client, { ':path': '/nowhere' })).toBe(404);
    expect(await ask(client, { ':path': '/echo' })).toBe(418);
  });

  it.each([
    [
      '405 for CONNECT: this is no forward proxy',
      405,
      { ':method': 'CONNECT', ':authority': 'a:1', ':path': undefined },
    ],
    [
      '501 for another protocol (RFC 9220 §3)',
      501,
      { ':method': 'CONNECT', ':protocol': 'connect-udp', ':scheme': 'https' },
    ],
  ])('answers %s, and the connection goes on', async (_, status, headers) => {
    const client = await http2Session((await secureGateway()).port);
    const stream = client.session.request(headers, { endStream: false });
    stream.on('error', () => undefined).resume();
    expect(await outcome(stream)).toBe(status);
    if (!stream.closed) await within(once(stream, 'close'), 'the end of the stream');
    expect(await ask(client, {})).toBe(404);
  });

  it('answers plain requests with 501 where no relay serves them', async () => {
    const client = await http2Session((await secureGateway({ plugins: [lb(), wsRelay()] })).port);
    expect(await ask(client, {})).toBe(501);
    await openSocket(client);
  });

  it('does not offer WebSockets where no relay serves them over HTTP/2', async () => {
    const { session } = await http2Session((await secureGateway({ plugins: [lb(), httpRelay()] })).port);
    expect(session.remoteSettings.enableConnectProtocol).toBe(false);
  });

  it('ends the WebSockets of a connection that ended without a word, as a killed client leaves it (S16)', async () => {
    const { port, open } = await secureGateway();
    const tcp = connectTcp(port, '127.0.0.1');
    const tls = { socket: tcp, ca: authority.cert, servername: 'localhost', ALPNProtocols: ['h2'] };
    const client = await http2Session(port, { createConnection: () => connectTls(tls) });
    await openSocket(client);
    expect(open.gateway.openSessions).toBe(1);
    tcp.end();
    await eventually(() => open.gateway.openSessions === 0, 'the session ends');
  });

  it('closes a connection that was to be HTTP/2 and begins otherwise (RFC 9113 §3.4)', async () => {
    const { port } = await secureGateway();
    const socket = await tlsConnection(port, { ALPNProtocols: ['h2'] });
    socket.on('error', () => undefined).resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await within(once(socket, 'close'), 'the end');
    expect(socket.destroyed).toBe(true);
  });
});

describe('limits of HTTP/2', () => {
  it('resets a stream whose head is larger than MaxHeaderBytes when decoded (CVE-2026-47774)', async () => {
    const { port } = await secureGateway({ gateway: { MaxHeaderBytes: 4_096 } });
    const client = await http2Session(port);
    // The table of HPACK makes one byte of each repetition.
    const repeated = { 'x-a': Array.from({ length: 5 }, () => 'a'.repeat(1_000)) };
    expect(await ask(client, repeated)).toBe(`reset with ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`);
    expect(await ask(client, {})).toBe(404);
  });

  it('answers 431 as long as a client has not acknowledged that limit', async () => {
    const { port } = await secureGateway({ gateway: { MaxHeaderBytes: 4_096 } });
    const session = connect(`https://localhost:${port}`, { ca: authority.cert });
    onTestFinished(() => session.destroy());
    session.on('error', () => undefined);
    // Sent together with the preface: before the SETTINGS of the server can have come.
    expect(await ask({ session }, { 'x-a': 'a'.repeat(5_000) })).toBe(431);
  });

  it('resets a stream whose client gives it no window to read a refusal, after ten seconds', async () => {
    const { port } = await secureGateway({ plugins: [lb(), wsRelay()] });
    fakeTimers();
    const { session } = await http2Session(port, { settings: { initialWindowSize: 0 } });
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    expect(await outcome(stream)).toBe(501);
    vi.advanceTimersByTime(9_999);
    await new Promise((resolve) => {
      session.ping(resolve);
    });
    expect(stream.closed).toBe(false);
    vi.advanceTimersByTime(1);
    await once(stream, 'close');
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  });

  it('resets a stream with more than a thousand headers', async () => {
    const client = await http2Session((await secureGateway()).port);
    const headers = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, '']));
    expect(await ask(client, headers(990))).toBe(404);
    expect(await ask(client, headers(1_100))).toBe(`reset with ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`);
  });

  it('ends a connection without a request after HeadersTimeoutMs (S9)', async () => {
    const { port } = await secureGateway({ gateway: { HeadersTimeoutMs: 300 } });
    const { session } = await http2Session(port);
    await within(once(session, 'close'), 'the end of the connection');
    expect(session.destroyed).toBe(true);
  });

  it('ends an idle connection after a minute, but not one with an open WebSocket', async () => {
    const { port } = await secureGateway();
    fakeTimers();
    const [idle, used] = [await http2Session(port), await http2Session(port)];
    expect(await ask(idle, {})).toBe(404);
    const socket = await openSocket(used);
    const goaway = once(idle.session, 'goaway');
    vi.advanceTimersByTime(59_000);
    expect(idle.session.closed).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    vi.advanceTimersByTime(600_000);
    vi.useRealTimers();
    expect(await echo(socket, 'still here')).toBe('still here');
  });

  it('lets the other end of an idle connection not keep it by never closing', async () => {
    const { port } = await secureGateway({ gateway: { MaxPendingHandshakes: 1 } });
    fakeTimers();
    const socket = await tlsConnection(port, { ALPNProtocols: ['h2'] });
    socket.on('error', () => undefined).resume();
    const ended = once(socket, 'end');
    socket.write(Buffer.concat([PREFACE, frame(0x4, 0, 0)]));
    await once(socket, 'data');
    vi.advanceTimersByTime(10_000);
    await ended;
    await expect(tlsConnection(port)).rejects.toThrow(/./);
    vi.advanceTimersByTime(2_000);
    vi.useRealTimers();
    await eventually(() => tlsConnection(port).then(yes, no), 'its place is free');
  });

  it('counts each further stream as a pending handshake, and open sockets no longer (MaxPendingHandshakes)', async () => {
    const silent = await scriptedBackend();
    onTestFinished(() => silent.close());
    const { port, log } = await secureGateway({ gateway: { MaxPendingHandshakes: 3 }, backendPort: silent.port });
    const client = await http2Session(port);
    const open = () => client.open({ path: '/echo', headers: { ':scheme': 'https' } });
    const waiting = [open(), open(), open()];
    await silent.connection(2);
    const refused = open();
    expect(await refused.answer).toMatchObject({ ':status': 503, 'retry-after': '5' });
    await expect(tlsConnection(port)).rejects.toThrow(/./);
    expect(log.lines.filter(({ level }) => level === 'warn')).toMatchObject([{ fields: { pending: 3 } }]);

    await (await silent.connection(0)).accept();
    expect(await waiting[0]?.status()).toBe(200);
    const next = open();
    await silent.connection(3);
    next.reset();
    waiting[1]?.reset();
    waiting[2]?.reset();
    await eventually(() => tlsConnection(port).then(yes, no), 'there is room again');
  });

  it('ends a connection whose head goes on without end (CVE-2024-28182)', async () => {
    const { port } = await secureGateway();
    const other = await http2Session(port);
    const attacker = await tlsConnection(port, { ALPNProtocols: ['h2'] });
    attacker.on('error', () => undefined).resume();
    const ended = once(attacker, 'close');
    attacker.write(Buffer.concat([PREFACE, frame(0x4, 0, 0), frame(0x1, 0, 1, Buffer.from('828487', 'hex'))]));
    // CONTINUATION (type 9) without END_HEADERS, each of one empty field.
    const more = frame(0x9, 0, 1, Buffer.from('400161017a', 'hex'));
    attacker.write(Buffer.concat(Array.from({ length: 1_000 }, () => more)));
    await within(ended, 'the end of the connection');
    expect(await ask(other, {})).toBe(404);
  });

  it('serves no more streams of a connection that opens them only to reset them (CVE-2023-44487)', async () => {
    const { port } = await secureGateway();
    const other = await http2Session(port);
    const attacker = await tlsConnection(port, { ALPNProtocols: ['h2'] });
    let received: Buffer = Buffer.alloc(0);
    attacker.on('error', () => undefined).on('data', (bytes: Buffer) => (received = Buffer.concat([received, bytes])));
    attacker.write(Buffer.concat([PREFACE, frame(0x4, 0, 0)]));
    // GET https://localhost/ by the static table of RFC 7541, CANCEL.
    const request = Buffer.concat([Buffer.from('82848741', 'hex'), Buffer.from('\u0009localhost')]);
    const cancel = Buffer.from('00000008', 'hex');
    const attack = Array.from({ length: 2_000 }, (_, index) => 2 * index + 1).flatMap((stream) => [
      frame(0x1, 0x5, stream, request),
      frame(0x3, 0, stream, cancel),
    ]);
    attacker.write(Buffer.concat(attack));
    // GOAWAY (type 7) with INTERNAL_ERROR. Node 20 leaves it at that, later ones close the connection as well.
    const goaway = Buffer.from('0000080700000000000000', 'hex');
    await eventually(() => received.includes(goaway), 'GOAWAY');
    const last = received.readUInt32BE(received.indexOf(goaway) + 9);
    expect(last).toBeLessThan(4_000);
    expect(await ask(other, {})).toBe(404);
  });
});

describe('an HTTP/2 client that goes away', () => {
  it.each([
    ['closes its connection', (socket: Socket) => socket.destroy()],
    ['resets its connection', (socket: Socket) => socket.resetAndDestroy()],
    ['ends its half of the connection', (socket: Socket) => socket.end()],
  ])('and %s takes its sockets with it, and frees their places', async (_, leave) => {
    const { port, open, backend } = await secureGateway({ gateway: { MaxConnectionsTotal: 3 } });
    for (let round = 0; round < 3; round += 1) {
      const { socket, client } = await eventually(() => filled(port, 3), 'there is room for three');
      expect(await ask(client, {})).toBe(503);
      leave(socket);
      await eventually(() => open.gateway.openSessions === 0 && backend.sockets.size === 0, 'its sockets are gone');
    }
  });

  /** A connection with so many open sockets, or undefined when there is no room. */
  async function filled(port: number, count: number) {
    const socket = await rawConnection(port);
    try {
      const secured = await tlsConnection(port, { socket, ALPNProtocols: ['h2'] });
      const client = await http2Session(port, { createConnection: () => secured });
      const opening = Array.from({ length: count }, () => client.open({ path: '/echo' }).status());
      if ((await Promise.all(opening)).every((status) => status === 200)) return { socket, client };
      client.destroy();
      return undefined;
    } catch {
      return undefined;
    }
  }
});

describe('the end of a gateway that serves HTTP/2', () => {
  it('sends GOAWAY, asks sockets to leave with 1012, and ends with the last stream (RFC 9113 §6.8)', async () => {
    const { port, open } = await secureGateway({ gateway: { Drain: { DeadlineMs: 5_000, SpreadMs: 0 } } });
    const client = await http2Session(port);
    const socket = await openSocket(client);
    const goaway = once(client.session, 'goaway');
    const ended = once(client.session, 'close');
    const closing = open.close();
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    const frame = await socket.readFrame();
    expect(readClose(frame).code).toBe(1012);
    socket.sendFrame({ opcode: OPCODE.close, payload: frame.payload, mask: true });
    socket.end();
    expect(await closing).toMatchObject({ clean: 1, killed: 0 });
    await within(ended, 'the end of the connection');
  });

  it('cuts at the deadline who does not leave', async () => {
    const { port, open } = await secureGateway();
    const client = await http2Session(port);
    await openSocket(client);
    const ended = once(client.session, 'close');
    expect(await open.close()).toMatchObject({ killed: 1 });
    await within(ended, 'the end of the connection');
  });

  it('ends at once when nothing is open', async () => {
    const { port, open } = await secureGateway();
    const client = await http2Session(port);
    expect(await ask(client, {})).toBe(404);
    const ended = once(client.session, 'close');
    await open.close();
    await within(ended, 'the end of the connection');
  });
});

describe('a client certificate', () => {
  it.each(['HTTP/1.1', 'HTTP/2'])('is named to the backend of a WebSocket over %s', async (version) => {
    const { port, backend } = await secureGateway({
      prepare: async (folder) => ({ RequireClientCert: true, CaFile: `${folder}/ca.crt` }),
    });
    const certificate = authority.issue({ commonName: 'device-7', names: ['device-7.example.com'] });
    if (version === 'HTTP/2') await openSocket(await http2Session(port, certificate));
    else {
      const socket = new WebSocket(`wss://127.0.0.1:${port}/echo`, { ca: authority.cert, ...certificate });
      onTestFinished(() => socket.terminate());
      await once(socket, 'open');
    }
    expect(backend.requests[0]?.headers).toMatchObject({
      'x-client-cert-subject': 'CN=device-7',
      'x-client-cert-issuer': 'CN=Example authority',
      'x-client-cert-names': 'DNS:device-7.example.com',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
    });
  });
});
