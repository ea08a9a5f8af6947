import { once } from 'node:events';
import { constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';

import { describe, expect, it } from 'vitest';

import { stands } from '../http-stand.js';

const { gateway, onClose } = stands();

const route = { DownstreamHttpVersion: '2.0', DownstreamHttpVersionPolicy: 'RequestVersionExact' };
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

type Handler = (stream: ServerHttp2Stream, headers: Record<string, unknown>, connection: number) => void;

/** A backend that speaks HTTP/2 without TLS; counts its connections. */
async function http2Backend(handle: Handler): Promise<{ readonly port: number; readonly connections: () => number }> {
  const server: Http2Server = createServer();
  const sockets: Socket[] = [];
  let count = 0;
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  server.on('session', (session) => {
    const number = (count += 1);
    session.on('error', () => undefined);
    session.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      handle(stream, headers, number);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onClose(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return { port: (server.address() as AddressInfo).port, connections: () => count };
}

/** What a backend begins with: SETTINGS, and that it has read those of its client. */
const SETTINGS = ['000000040000000000', '000000040100000000'];
/** HEADERS of 200 with 20 bytes to come, DATA with 4 of them, RST_STREAM with NO_ERROR. */
const SHORT_ANSWER = ['000006010400000001880f0d023230', '00000400000000000170617274', '00000403000000000100000000'];

/** Whether HEADERS are among the frames behind the preface. */
function hasRequest(received: Buffer): boolean {
  let at = 24;
  while (at + 9 <= received.length) {
    if (received[at + 3] === 1) return true;
    at += 9 + received.readUIntBE(at, 3);
  }
  return false;
}

/** A backend that breaks its answer off, and says that nothing is wrong. */
async function shortBackend(): Promise<number> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.write(Buffer.from(SETTINGS.join(''), 'hex'));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (hasRequest(received)) socket.write(Buffer.from(SHORT_ANSWER.join(''), 'hex'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onClose(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return (server.address() as AddressInfo).port;
}

describe('Http2Call', () => {
  it('shares one connection among requests under way (RFC 9113 §5)', async () => {
    const waiting: ServerHttp2Stream[] = [];
    const backend = await http2Backend((stream) => {
      waiting.push(stream);
      if (waiting.length < 3) return;
      for (const one of waiting) {
        one.respond({ ':status': 200 });
        one.end('ok');
      }
    });
    const stand = await gateway([backend.port], { route });
    const answers = await Promise.all(
      [1, 2, 3].map(async () => {
        const client = await stand.client();
        client.send(GET);
        const head = await client.readHead();
        return (await client.readBody(head)).toString();
      }),
    );
    expect(answers).toEqual(['ok', 'ok', 'ok']);
    expect(backend.connections()).toBe(1);
  });

  it('passes interim answers, trailers of the request, and several values of a name', async () => {
    const backend = await http2Backend((stream, headers) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      let trailers: Record<string, unknown> = {};
      stream.on('trailers', (received) => (trailers = received));
      stream.resume().on('end', () => {
        stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'] });
        stream.end(JSON.stringify([headers['x-a'], headers['te'], trailers['x-sum']]));
      });
    });
    const client = await (await gateway([backend.port], { route })).client();
    client.send(
      'POST / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nConnection: TE\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n',
    );
    expect((await client.readHead()).status).toBe(103);
    const head = await client.readHead();
    expect(head.all('set-cookie')).toEqual(['a=1', 'b=2']);
    expect((await client.readBody(head)).toString()).toBe('["1, 2","trailers","9"]');
  });

  it.each([
    ['User-Agent: a\r\nUser-Agent: b', ['user-agent', 'a, b']],
    ['Constructor: x', ['constructor', 'x']],
    ['Cookie: a=1\r\nCookie: b=2', ['cookie', 'a=1; b=2']],
  ])('passes %j, of which Node would make an error or something else', async (lines, [name = '', value]) => {
    const backend = await http2Backend((stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(String(headers[name]));
    });
    const client = await (await gateway([backend.port], { route })).client();
    client.send(`GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n`);
    expect((await client.readBody(await client.readHead())).toString()).toBe(value);
  });

  it('sends once more what a backend refused before it did anything (RFC 9113 §8.7)', async () => {
    let count = 0;
    const backend = await http2Backend((stream) => {
      count += 1;
      if (count === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else {
        stream.respond({ ':status': 200 });
        stream.end();
      }
    });
    const client = await (await gateway([backend.port, backend.port], { route })).client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await client.readHead()).status).toBe(200);
  });

  it('opens another connection once a backend goes away (RFC 9113 §6.8)', async () => {
    const backend = await http2Backend((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
      stream.session?.goaway();
    });
    const stand = await gateway([backend.port], { route });
    for (let i = 0; i < 3; i += 1) {
      const client = await stand.client();
      client.send(GET);
      expect((await client.readHead()).status).toBe(200);
    }
    expect(backend.connections()).toBe(3);
  });

  it('cuts the client where less comes than Content-Length said, also by NO_ERROR (RFC 9113 §8.1.1)', async () => {
    const stand = await gateway([await shortBackend()], { route });
    const client = await stand.client();
    client.send(GET);
    const head = await client.readHead();
    expect([head.status, head.all('content-length')]).toEqual([200, ['20']]);
    await client.readToEnd().catch(() => undefined);
    expect((await stand.event('request.finished')).errorCode).toBe('OCELOT_ERR_BACKEND_LOST');
  });

  it('never lets a body that breaks off look whole to the backend', async () => {
    let hasEnded = false;
    let closed: Promise<unknown> = Promise.resolve();
    const backend = await http2Backend((stream) => {
      stream.resume().once('end', () => (hasEnded = !stream.aborted));
      closed = new Promise((resolve) => {
        stream.once('close', resolve);
      });
    });
    const stand = await gateway([backend.port], { route });
    const client = await stand.client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    while (backend.connections() === 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
    client.reset();
    expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_CLIENT_GONE');
    await closed;
    expect(hasEnded).toBe(false);
  });
});
