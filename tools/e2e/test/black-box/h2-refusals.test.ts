// Situation: a route of an HTTP/2 client leads nowhere, or to a backend that is dead, late, rude or unwilling.
// Action: a WebSocket and a plain request each, on one connection for all of them.
// Expected: a status that tells who is to blame, the backend's own answer where there is one, and the connection goes on.
import {
  echoBackend,
  OPCODE,
  scriptedBackend,
  switchingHead,
  type BackendConnection,
  type EchoBackend,
  type Http2Client,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { freePort } from '../../src/free-port.js';
import { type Answer, answerOf, ask, h2Stand, OK } from './h2-stand.js';
import { route } from './stand.js';

let echo: EchoBackend;
let cutting: ScriptedBackend;
let client: Http2Client;

const LATE = { Gateway: { HandshakeTimeoutMs: 400, ConnectTimeoutMs: 300 }, Timeout: 1 };

const subject = h2Stand(async (port) => {
  const nobody = await freePort();
  echo = await echoBackend();
  cutting = await scriptedBackend(async (connection) => {
    await connection.readHead();
    connection.reset();
  });
  return {
    Routes: [
      route('/ws/{everything}', port),
      route('/refused/{everything}', nobody),
      route('/second/{everything}', [nobody, echo.port]),
      route('/next/{everything}', [nobody, port]),
      route('/after-cut/{everything}', [cutting.port, echo.port]),
      route('/cut/{everything}', cutting.port),
      route('/late/{everything}', port, LATE),
      route('/posted/{everything}', port, { UpstreamHttpMethod: ['Post'] }),
      route('/blocked/{everything}', port, { SecurityOptions: { IPBlockedList: ['127.0.0.0/8'] } }),
      route('/own/{everything}', port, { Gateway: { AllowedOrigins: ['https://app.test'] } }),
      route('/single/{everything}', port, { Gateway: { MaxConnectionsPerIp: 1 } }),
      route('/one/{everything}', port, { Gateway: { MaxConnections: 1 } }),
    ],
  };
});

beforeAll(async () => {
  client = await subject.session();
});

// All of it happened on this one connection.
afterAll(async () => {
  expect(client.session.destroyed).toBe(false);
  await echo.close();
  await cutting.close();
});

function openAt(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return answerOf(client.open({ path, headers: { ':scheme': 'https', ...headers } }).stream);
}

const KINDS: readonly (readonly [string, (path: string) => Promise<Answer>])[] = [
  ['a WebSocket', openAt],
  ['a request', (path) => ask(client.session, { ':path': path })],
];

describe.each(KINDS)('%s over HTTP/2', (_kind, askAt) => {
  it.each([
    ['404 where no route answers', '/nowhere', 404, 'OCELOT_ERR_ROUTE_NOT_FOUND'],
    ['404 where the route takes other methods', '/posted/1', 404, 'OCELOT_ERR_ROUTE_NOT_FOUND'],
    ['403 where its address is blocked', '/blocked/1', 403, 'OCELOT_ERR_FORBIDDEN'],
    ['502 where nothing listens', '/refused/1', 502, 'OCELOT_ERR_BACKEND_UNREACHABLE'],
    ['502 where the backend cuts the connection', '/cut/1', 502, 'OCELOT_ERR_BACKEND'],
    ['504 where the backend says nothing', '/late/1', 504, 'OCELOT_ERR_BACKEND_TIMEOUT'],
  ])('is answered %s (S4)', async (_what, path, status, code) => {
    const answer = await askAt(path);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(code);
    for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'upgrade']) {
      expect(answer.headers).not.toHaveProperty(name);
    }
  });

  it.each([
    ['with a length', 'Content-Length: 4\r\n\r\nno 1'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n2;x=y\r\n 1\r\n0\r\n\r\n'],
    ['up to its end', 'Connection: close\r\n\r\nno 1'],
  ])(
    'gets the 401 of the backend as it is: challenges, cookies, body %s (RFC 9110 §11.6.1, S5)',
    async (_how, rest) => {
      const path = subject.target();
      const answering = askAt(path);
      const { connection } = await subject.backend.call(path);
      const lines =
        'WWW-Authenticate: Basic realm="a"\r\nWWW-Authenticate: Bearer\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2';
      const hop = 'Keep-Alive: timeout=5\r\nX-Private: 1';
      connection.send(`HTTP/1.1 401 Unauthorized\r\n${lines}\r\n${hop}\r\nConnection: X-Private\r\n${rest}`);
      connection.end();
      const { status, headers, body } = await answering;
      expect([status, body]).toEqual([401, 'no 1']);
      expect(headers['www-authenticate']).toBe('Basic realm="a", Bearer');
      expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
      for (const name of ['keep-alive', 'x-private', 'connection']) expect(headers).not.toHaveProperty(name);
    },
  );

  it.each<[string, string]>([
    ['302 with a Location', 'HTTP/1.1 302 Found\r\nLocation: /elsewhere?a=b\r\nContent-Length: 0\r\n\r\n'],
    ['503 of the backend', 'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n'],
    [
      '418 behind 103 (S7)',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n',
    ],
  ])('gets %s', async (what, bytes) => {
    const path = subject.target();
    const answering = askAt(path);
    const { connection } = await subject.backend.call(path);
    connection.send(bytes);
    connection.end();
    expect((await answering).status).toBe(Number(what.slice(0, 3)));
  });

  it.each<[string, string, (connection: BackendConnection) => void]>([
    ['with a length', 'Content-Length: 100', (connection) => connection.end()],
    ['in chunks', 'Transfer-Encoding: chunked', (connection) => connection.end()],
    ['by a reset', 'Content-Length: 100', (connection) => connection.reset()],
  ])(
    'is reset when an answer breaks off %s: it must not look complete (RFC 9113 §8.1.1)',
    async (_how, line, leave) => {
      const path = subject.target();
      const answering = askAt(path);
      const { connection } = await subject.backend.call(path);
      connection.send(`HTTP/1.1 403 Forbidden\r\n${line}\r\n\r\n5\r\nhello\r\n`);
      setTimeout(() => leave(connection), 20);
      await expect(answering).rejects.toThrow(/reset|closed|aborted/i);
    },
  );

  it.each([
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['has a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ['has a blank before a colon', 'HTTP/1.1 403 Forbidden\r\nX-A : 1\r\nContent-Length: 0\r\n\r\n'],
    [
      'has a length and chunks',
      'HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['has two lengths', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ])('gets 502, or a body framed anew, when the answer %s', async (_what, bytes) => {
    const path = subject.target();
    const answering = askAt(path);
    const { connection } = await subject.backend.call(path);
    connection.send(bytes);
    connection.end();
    const { status, headers } = await answering;
    expect([502, 403]).toContain(status);
    if (status === 403) expect(headers['content-length']).toBeUndefined();
  });

  it('leaves the connection to the next stream', async () => {
    await subject.servesOthers(client);
    expect(client.session.destroyed).toBe(false);
  });
});

describe('a WebSocket over HTTP/2', () => {
  it.each([
    ['a wrong accept', { 'Sec-WebSocket-Accept': 'dGhlIHNhbXBsZSBub25jZQ==' }],
    ['another protocol in Upgrade', { Upgrade: 'h2c' }],
    ['a subprotocol that nobody offered', { 'Sec-WebSocket-Protocol': 'evil' }],
    ['an extension that nobody offered', { 'Sec-WebSocket-Extensions': 'evil' }],
  ])('gets 502 when the 101 has %s, and nothing of it (HA6, S6)', async (_what, headers) => {
    const { socket, connection, head } = await subject.askOver(client);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? '', { 'X-Leak': '1', ...headers }));
    expect(await socket.status()).toBe(502);
    const answer = await socket.answer;
    expect([answer['x-leak'], answer['sec-websocket-protocol']]).toEqual([undefined, undefined]);
    await connection.ended;
  });

  it.each(['200 OK', '204 No Content'])('is not opened by a %s of the backend: 502 (RFC 9110 §9.3.6)', async (line) => {
    const { socket, connection } = await subject.askOver(client);
    connection.send(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n\r\n`);
    expect(await socket.status()).toBe(502);
  });

  it.each(['second', 'after-cut'])('reaches the next backend where the first is dead (%s, TR14)', async (folder) => {
    const other = await subject.session();
    const socket = other.open({ path: subject.target(folder), headers: { ':scheme': 'https' } });
    expect(await socket.status()).toBe(200);
    socket.sendFrame({ opcode: OPCODE.text, payload: 'hello', mask: true });
    expect((await socket.readFrame()).payload.toString()).toBe('hello');
  });

  it.each([
    ['https://app.test', true],
    ['https://evil.test', false],
    ['https://app.test.evil.test', false],
    ['null', false],
  ])('of a page from %s is judged by its Origin (RFC 6455 §10.2)', async (origin, isAllowed) => {
    const path = subject.target('own');
    if (!isAllowed) {
      expect((await openAt(path, { origin })).status).toBe(403);
      return;
    }
    const { head } = await subject.askOver(await subject.session(), { path, headers: { origin } });
    expect(head.get('origin')).toBe(origin);
  });

  it.each([
    ['single', 429],
    ['one', 503],
  ])('beyond the limit of its route (%s) gets %i', async (folder, status) => {
    await subject.openOver(await subject.session(), { path: subject.target(folder) });
    const refused = await openAt(subject.target(folder));
    expect(refused.status).toBe(status);
    if (status === 429) expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('a request over HTTP/2', () => {
  it('reaches the next backend where the first refuses the connection', async () => {
    const path = subject.target('next');
    const answering = ask(client.session, { ':path': path });
    (await subject.backend.call(path)).connection.send(OK);
    expect((await answering).status).toBe(200);
  });

  it('is answered 502 when the backend switches protocols unasked (S7)', async () => {
    const path = subject.target();
    const answering = ask(client.session, { ':path': path });
    const { connection } = await subject.backend.call(path);
    connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    expect((await answering).status).toBe(502);
  });
});
