import { constants, type Http2ServerRequest } from 'node:http2';

import { GatewayError, type Plugin } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  acceptOf,
  collectLeaks,
  echoBackend,
  encodeFrame,
  eventually,
  type BackendConnection,
  type BackendScript,
  type LeakWatch,
  OPCODE,
  type RawHead,
  scriptedBackend,
  TEST_CERTIFICATE,
  TestAuthority,
} from '@ocelot/test-support';
import type { StandOptions } from '../gateway-stand.js';
import { http2Stand } from '../http2-stand.js';

let leaks: LeakWatch;
let closers: (() => Promise<void>)[];

beforeEach(() => {
  leaks = collectLeaks();
  closers = [];
});

afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  await leaks.verify();
});

async function scripted(script?: BackendScript) {
  const backend = await scriptedBackend(script);
  closers.push(() => backend.close());
  return backend;
}

async function gateway(ports: readonly number[], options: StandOptions = {}) {
  const stand = await http2Stand(ports, options);
  closers.push(() => stand.close());
  return stand;
}

/** A gateway whose backend reads the handshake and answers with the given bytes, and a client of it. */
async function answering(answer: string | BackendScript, options: StandOptions = {}) {
  const backend = await scripted(async (connection, index) => {
    await connection.readHead();
    if (typeof answer === 'string') {
      connection.send(answer);
      connection.end();
    } else await answer(connection, index);
  });
  const stand = await gateway([backend.port], options);
  const client = await stand.client();
  return { backend, stand, client };
}

const accepting = async (connection: BackendConnection): Promise<void> => void (await connection.accept());

describe('a WebSocket by extended CONNECT (RFC 8441 §5)', () => {
  it.each([
    ['over a plain connection', {}],
    ['over TLS, agreed by ALPN', { tls: TEST_CERTIFICATE }],
  ])('is answered with 200 and carries frames both ways, %s', async (_, options) => {
    const backend = await echoBackend();
    closers.push(() => backend.close());
    const stand = await gateway([backend.port], options);
    const socket = (await stand.client()).open();
    expect(await socket.status()).toBe(200);
    socket.sendFrame({ opcode: OPCODE.text, payload: 'over a stream', mask: true });
    expect((await socket.readFrame()).payload.toString()).toBe('over a stream');
    expect(backend.requests[0]?.headers['x-forwarded-proto']).toBe('tls' in options ? 'https' : 'http');
  });

  it('is to the backend the upgrade it would be over HTTP/1.1, with a key of the gateway (S12, S14)', async () => {
    const heads: RawHead[] = [];
    const backend = await scripted(async (connection) => void heads.push(await connection.accept()));
    const stand = await gateway([backend.port], { route: { UpstreamHttpMethod: ['GET'] } });
    const client = await stand.client();
    for (const path of ["/a%2Fb/c'd?x=%20&y=", '/again']) {
      const socket = client.open({
        path,
        headers: {
          cookie: ['a=1', 'b=2'],
          origin: 'https://app.test',
          'sec-websocket-protocol': 'v1, v2',
          'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
          'sec-websocket-key': 'bm90IG9mIGFueSB1c2UgIQ==',
          'x-forwarded-for': '203.0.113.9',
          te: 'trailers',
        },
      });
      expect(await socket.status()).toBe(200);
    }
    const [first, second] = heads;
    if (first === undefined || second === undefined) throw new Error('two handshakes reach the backend');
    expect(first.line).toBe("GET /a%2Fb/c'd?x=%20&y= HTTP/1.1");
    expect(first.all('host')).toEqual([`127.0.0.1:${backend.port}`]);
    expect([first.all('connection'), first.all('upgrade')]).toEqual([['Upgrade'], ['websocket']]);
    expect(first.all('sec-websocket-version')).toEqual(['13']);
    expect(first.all('cookie')).toEqual(['a=1; b=2']);
    expect(first.get('origin')).toBe('https://app.test');
    expect(first.all('sec-websocket-protocol')).toEqual(['v1, v2']);
    expect(first.all('sec-websocket-extensions')).toEqual(['permessage-deflate; client_max_window_bits']);
    expect([first.get('x-forwarded-for'), first.get('x-forwarded-host')]).toEqual(['127.0.0.1', 'gateway.test']);
    expect(first.get('te')).toBeUndefined();
    expect(first.headers.some(([name]) => name.startsWith(':'))).toBe(false);
    const keys = heads.map((head) => head.all('sec-websocket-key'));
    for (const key of keys.flat()) expect(key).toMatch(/^[+/0-9A-Za-z]{22}==$/);
    expect(new Set([...keys.flat(), 'bm90IG9mIGFueSB1c2UgIQ==']).size).toBe(3);
  });

  it('gets subprotocol, extensions and cookies of the 101, and nothing of its HTTP/1.1 handshake', async () => {
    const backend = await scripted(
      async (connection) =>
        void (await connection.accept({
          'Sec-WebSocket-Protocol': 'v2',
          'Sec-WebSocket-Extensions': 'permessage-deflate',
          'Set-Cookie': ['a=1', 'b=2'],
          'X-Twice': ['1', '2'],
          Constructor: 'x',
          'Keep-Alive': 'timeout=1',
          Connection: 'Upgrade, X-Hop',
          'X-Hop': '1',
        })),
    );
    const stand = await gateway([backend.port]);
    const socket = (await stand.client()).open({
      headers: { 'sec-websocket-protocol': 'v1, v2', 'sec-websocket-extensions': 'permessage-deflate' },
    });
    const answer = await socket.answer;
    expect(answer).toMatchObject({
      ':status': 200,
      'sec-websocket-protocol': 'v2',
      'sec-websocket-extensions': 'permessage-deflate',
      'set-cookie': ['a=1', 'b=2'],
      'x-twice': '1, 2',
      constructor: 'x',
    });
    for (const name of ['sec-websocket-accept', 'upgrade', 'connection', 'keep-alive', 'x-hop']) {
      expect(answer).not.toHaveProperty(name);
    }
  });

  it('answers a key that it needs not answer, since some clients insist (RFC 8441 §5; undici before 8.12)', async () => {
    const backend = await echoBackend();
    closers.push(() => backend.close());
    const client = await (await gateway([backend.port])).client();
    const withKey = client.open({ headers: { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } });
    expect(await withKey.answer).toHaveProperty('sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(await client.open().answer).not.toHaveProperty('sec-websocket-accept');
  });

  it('tells stages and backends what certificate the client showed on its connection', async () => {
    const authority = new TestAuthority('Devices');
    const device = authority.issue({ commonName: 'device-7' });
    const heads: RawHead[] = [];
    const backend = await scripted(async (connection) => void heads.push(await connection.accept()));
    const tls = { ...TEST_CERTIFICATE, ca: authority.cert, requestCert: true };
    const stand = await gateway([backend.port], { tls });
    const socket = (await stand.client(device)).open({ headers: { 'x-client-cert-subject': 'CN=admin' } });
    expect(await socket.status()).toBe(200);
    expect(heads[0]?.all('x-client-cert-subject')).toEqual(['CN=device-7']);
  });

  it('may be declined by the host of the relay, and is then left to its other listeners', async () => {
    const backend = await echoBackend();
    closers.push(() => backend.close());
    const accepts = (request: { readonly url?: string | undefined }): boolean => request.url !== '/own';
    const stand = await gateway([backend.port], { relay: { accepts } });
    stand.server.on('connect', (request: Http2ServerRequest) => {
      if (request.url === '/own') request.stream.respond({ ':status': 299 }, { endStream: true });
    });
    const client = await stand.client();
    expect(await client.open({ path: '/own' }).status()).toBe(299);
    expect(await client.open({ path: '/other' }).status()).toBe(200);
  });
});

describe('a CONNECT that is refused is answered, and its connection goes on (S1, S4)', () => {
  it.each<[number, string, Readonly<Record<string, string | undefined>>, Readonly<Record<string, string>>]>([
    [400, 'without Sec-WebSocket-Version', { 'sec-websocket-version': undefined }, { 'sec-websocket-version': '13' }],
    [400, 'with another version', { 'sec-websocket-version': '8' }, { 'sec-websocket-version': '13' }],
    [400, 'with a Host that is not its :authority', { host: 'other.test' }, {}],
    [501, 'with another :protocol', { ':protocol': 'connect-udp' }, {}],
    [400, 'with a body announced', { 'content-length': '5' }, {}],
    [400, 'with a subprotocol that is no token', { 'sec-websocket-protocol': 'v 1' }, {}],
    [404, 'that no route answers', { ':path': '/none' }, {}],
  ])('%i: %s', async (status, _, headers, expected) => {
    const { client, backend, stand } = await answering('', { route: { UpstreamPathTemplate: '/' } });
    const socket = client.open({ headers });
    const answer = await socket.answer;
    expect(answer).toMatchObject({ ':status': status, ...expected });
    for (const name of ['upgrade', 'connection', 'transfer-encoding']) expect(answer).not.toHaveProperty(name);
    const body = await socket.readToEnd();
    expect(answer['content-length']).toBe(String(body.length));
    expect(JSON.parse(body.toString())).toMatchObject({ status });
    expect(await stand.event('upgrade.refused')).toMatchObject({ status });
    socket.end();
    expect(await socket.closed).toEqual({ finReceived: true, error: undefined });
    expect(backend.connections).toHaveLength(0);
    expect(client.session.destroyed).toBe(false);
    expect(await client.open({ path: '/none' }).status()).toBe(404);
  });

  it('405: a CONNECT for a tunnel (RFC 9110 §9.3.6)', async () => {
    const { client, backend } = await answering('');
    const socket = client.open({
      headers: { ':protocol': undefined, ':scheme': undefined, ':path': undefined, ':authority': 'inside.test:22' },
    });
    expect(await socket.answer).toMatchObject({ ':status': 405, allow: 'GET' });
    expect(backend.connections).toHaveLength(0);
  });

  it('a CONNECT whose stream ends with its headers cannot be a WebSocket: 400', async () => {
    const { client, backend } = await answering('');
    const stream = client.session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'http',
        ':path': '/',
        ':authority': 'gateway.test',
        'sec-websocket-version': '13',
      },
      { endStream: true },
    );
    const answer = await new Promise<object>((resolve) => stream.once('response', resolve));
    expect(answer).toMatchObject({ ':status': 400 });
    expect(backend.connections).toHaveLength(0);
    stream.resume();
  });

  it('503 with Retry-After when there are too many unfinished handshakes, counted with those over HTTP/1.1', async () => {
    const backend = await scripted();
    const stand = await gateway([backend.port], {
      config: {
        GlobalConfiguration: { Gateway: { MaxPendingHandshakes: 1 } },
        Routes: [
          {
            UpstreamPathTemplate: '/',
            DownstreamPathTemplate: '/',
            DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backend.port }],
          },
        ],
      },
    });
    const client = await stand.client();
    const first = client.open();
    await backend.connection();
    expect(await client.open().answer).toMatchObject({ ':status': 503, 'retry-after': '5' });
    first.reset();
  });

  it.each<[string, object, number]>([
    ['what no status can be', { status: 999 }, 500],
    ['what would open the tunnel', { status: 200 }, 500],
    ['headers that are none, or of a connection', { headers: { 'X Y': '1', Upgrade: 'h2c', 'X-Z': '2' } }, 403],
  ])('with another status when a plugin refuses it with %s', async (_, given, status) => {
    const refusing: Plugin = {
      name: 'refusing',
      setup: (registry) =>
        registry.stage({
          name: 'refusing',
          phase: 'authorize',
          forRoute: () => () => {
            throw new GatewayError('OCELOT_ERR_FORBIDDEN', given);
          },
        }),
    };
    const { client } = await answering('', { plugins: [refusing] });
    const socket = client.open();
    expect(await socket.status()).toBe(status);
    expect(JSON.parse((await socket.readToEnd()).toString())).toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', status });
  });

  it('504 when the backend does not answer in time', async () => {
    const backend = await scripted();
    const stand = await gateway([backend.port], { settings: { HandshakeTimeoutMs: 60 } });
    expect(await (await stand.client()).open().status()).toBe(504);
  });

  it('what it sends behind its CONNECT reaches no backend (S11)', async () => {
    const { client, backend, stand } = await answering('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno');
    const socket = client.open();
    socket.send('GET /second HTTP/1.1\r\nHost: gateway.test\r\n\r\n');
    expect(await socket.status()).toBe(403);
    expect((await socket.readToEnd()).toString()).toBe('no');
    socket.end();
    await socket.closed;
    await stand.line('backend refused the upgrade');
    expect(backend.connections).toHaveLength(1);
    expect(backend.connections[0]?.bytesReceived).toBeGreaterThan(0);
    expect(backend.connections[0]?.unread).toHaveLength(0);
  });
});

describe("a backend's answer that is no 101 (S5)", () => {
  it('reaches the client as an ordinary answer: status, headers in lower case, cookies, body', async () => {
    const { client, stand } = await answering(
      'HTTP/1.1 401 Who are you\r\nWWW-Authenticate: Basic realm="x"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n' +
        'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nlogin',
    );
    const socket = client.open();
    const answer = await socket.answer;
    expect(answer).toMatchObject({
      ':status': 401,
      'www-authenticate': 'Basic realm="x"',
      'set-cookie': ['a=1', 'b=2'],
      'content-length': '5',
    });
    for (const name of ['connection', 'x-hop', 'keep-alive']) expect(answer).not.toHaveProperty(name);
    expect((await socket.readToEnd()).toString()).toBe('login');
    socket.end();
    expect(await socket.closed).toEqual({ finReceived: true, error: undefined });
    expect(await stand.event('upgrade.refused')).toMatchObject({ status: 401, errorCode: undefined });
  });

  it.each<[string, string, number, string]>([
    ['a redirect without a body', 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n', 302, ''],
    ['a chunked body', 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n', 503, 'busy'],
    ['a body until the end of the connection', 'HTTP/1.0 404 Not Found\r\n\r\nnothing here', 404, 'nothing here'],
    ['304 without a body', 'HTTP/1.1 304 Not Modified\r\n\r\n', 304, ''],
  ])('%s', async (_, text, status, body) => {
    const { client } = await answering(text);
    const socket = client.open();
    expect(await socket.status()).toBe(status);
    expect(await socket.answer).not.toHaveProperty('transfer-encoding');
    expect((await socket.readToEnd()).toString()).toBe(body);
  });

  it('and breaks off, resets the stream: it must not look complete', async () => {
    const { client, stand } = await answering('HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nhalf');
    const socket = client.open();
    expect(await socket.status()).toBe(500);
    await socket.closed;
    expect(socket.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect((await stand.line('backend refused the upgrade')).fields).toMatchObject({ whole: false });
    expect(client.session.destroyed).toBe(false);
  });

  it.each(['200 OK', '204 No Content', '600 What'])(
    'is not passed on when it is %s: to a CONNECT every 2xx says that the tunnel stands (RFC 9110 §9.3.6)',
    async (line) => {
      const { client } = await answering(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n\r\n`);
      const socket = client.open();
      expect(await socket.status()).toBe(502);
      expect(JSON.parse((await socket.readToEnd()).toString())).toMatchObject({
        code: 'OCELOT_ERR_BACKEND_HANDSHAKE_INVALID',
      });
    },
  );

  it('or is a 101 without the right accept key is 502 (S6)', async () => {
    const { client } = await answering(
      `HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Accept: ${acceptOf('another key')}\r\n\r\n`,
    );
    expect(await client.open().status()).toBe(502);
  });

  it('is not taken for one while it is interim (S7)', async () => {
    const { client } = await answering(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n',
    );
    expect(await client.open().status()).toBe(403);
  });
});

describe('early bytes (S8)', () => {
  it('of the client, sent before the 200, reach the backend behind the handshake', async () => {
    const backend = await scripted();
    const stand = await gateway([backend.port]);
    const socket = (await stand.client()).open();
    socket.sendFrame({ opcode: OPCODE.text, payload: 'early', mask: true });
    const connection = await backend.connection();
    await connection.accept();
    expect((await connection.readFrame()).payload.toString()).toBe('early');
  });

  it('of the backend, behind its 101, reach the client behind the 200', async () => {
    const backend = await scripted(async (connection) => {
      const head = await connection.readHead();
      connection.send(
        Buffer.concat([
          Buffer.from(
            'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
              `Sec-WebSocket-Accept: ${acceptOf(head.get('sec-websocket-key') ?? '')}\r\n\r\n`,
          ),
          encodeFrame({ opcode: OPCODE.text, payload: 'greeting' }),
        ]),
      );
    });
    const stand = await gateway([backend.port]);
    const socket = (await stand.client()).open();
    expect((await socket.readFrame()).payload.toString()).toBe('greeting');
  });

  it('of the client are held back beyond 64 KiB', async () => {
    const backend = await scripted();
    const stand = await gateway([backend.port]);
    const socket = (await stand.client()).open();
    const payload = Buffer.alloc(1_048_576);
    socket.sendFrame({ opcode: OPCODE.binary, payload, mask: true });
    await backend.connection();
    const queued = socket.socket.writableLength;
    expect(queued).toBeGreaterThan(payload.length / 2);
    const connection = await backend.connection();
    await connection.accept();
    expect((await connection.readFrame()).payload).toHaveLength(payload.length);
  });
});

describe('a client that leaves before its answer (S10)', () => {
  it.each(['resets the stream', 'ends the stream', 'cuts the connection'])(
    '%s: the backend attempt is given up, the lease released once, and nothing written',
    async (way) => {
      const backend = await scripted();
      const ends: string[] = [];
      const stand = await gateway([backend.port], {
        plugins: [
          {
            name: 'count',
            setup: (registry) =>
              registry.stage({
                name: 'count',
                phase: 'admit',
                forRoute: () => (exchange) => exchange.defer(({ outcome }) => ends.push(outcome)),
              }),
          },
        ],
      });
      const client = await stand.client();
      const socket = client.open();
      const connection = await backend.connection();
      if (way === 'resets the stream') socket.reset();
      else if (way === 'ends the stream') socket.end();
      else client.destroy();
      await connection.ended;
      expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: 'OCELOT_ERR_CLIENT_GONE' });
      await socket.closed;
      expect(socket.bytesReceived).toBe(0);
      expect(ends).toEqual(['refused']);
      if (way !== 'cuts the connection') expect(client.session.destroyed).toBe(false);
      else await eventually(() => stand.sessions.size === 0, 'the connection is gone');
    },
  );

  it('while stages run, makes no connection to a backend', async () => {
    const backend = await scripted(accepting);
    let goOn: () => void = () => {};
    const stand = await gateway([backend.port], {
      plugins: [
        {
          name: 'slow',
          setup: (registry) =>
            registry.stage({
              name: 'slow',
              phase: 'authenticate',
              forRoute: () => () =>
                new Promise<void>((resolve) => {
                  goOn = resolve;
                }),
            }),
        },
      ],
    });
    const socket = (await stand.client()).open();
    await eventually(() => stand.sessions.size === 1, 'the client is there');
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.reset();
    expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: 'OCELOT_ERR_CLIENT_GONE' });
    goOn();
    expect(backend.connections).toHaveLength(0);
  });
});
