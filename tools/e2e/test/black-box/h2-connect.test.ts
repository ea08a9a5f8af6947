// Situation: a browser that has a connection of HTTP/2 opens a WebSocket on it.
// Action: extended CONNECTs, good and bad, on one connection.
// Expected: a good one is to the backend the upgrade that it knows; a bad one is answered, and its connection goes on.
import { switchingHead } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { answerOf, ask, h2Stand, OK, readData, socketFields, verdictOf } from './h2-stand.js';
import { route } from './stand.js';

const subject = h2Stand((port) => ({ Routes: [route('/ws/{everything}', port)] }));

describe('the SETTINGS of the gateway', () => {
  it('allow extended CONNECT, and a bounded number of streams (RFC 8441 §3, RFC 9113 §6.5.2)', async () => {
    const { session } = await subject.session();
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
    expect(session.remoteSettings.maxConcurrentStreams).toBeLessThanOrEqual(1000);
    expect(session.remoteSettings.maxHeaderListSize).toBeLessThanOrEqual(1_048_576);
  });
});

describe('an extended CONNECT (RFC 8441 §4, S1)', () => {
  it('is to the backend a handshake of HTTP/1.1, and opens with 200 (HA5)', async () => {
    const client = await subject.session();
    const { head, connection, socket } = await subject.askOver(client, {
      headers: { 'sec-websocket-protocol': 'chat, superchat', origin: 'https://app.test', cookie: 'a=1; b=2' },
    });
    expect(head.method).toBe('GET');
    expect(head.line).toMatch(/ HTTP\/1\.1$/);
    expect(head.all('upgrade').map((value) => value.toLowerCase())).toEqual(['websocket']);
    expect(head.all('connection').map((value) => value.toLowerCase())).toEqual(['upgrade']);
    expect(head.all('sec-websocket-version')).toEqual(['13']);
    expect(Buffer.from(head.get('sec-websocket-key') ?? '', 'base64')).toHaveLength(16);
    expect(head.all('host')).toHaveLength(1);
    expect([head.get('origin'), head.get('cookie')]).toEqual(['https://app.test', 'a=1; b=2']);
    expect(head.headers.filter(([name]) => name.startsWith(':'))).toEqual([]);
    const protocol = { 'Sec-WebSocket-Protocol': 'superchat', 'Set-Cookie': 's=1' };
    connection.send(switchingHead(head.get('sec-websocket-key') ?? '', protocol));
    const answer = await socket.answer;
    expect(answer[':status']).toBe(200);
    expect(answer['sec-websocket-protocol']).toBe('superchat');
    expect(answer['set-cookie']).toEqual(['s=1']);
    for (const name of ['upgrade', 'connection', 'transfer-encoding', 'content-length']) {
      expect(answer).not.toHaveProperty(name);
    }
  });

  it('gets a new key for each backend handshake', async () => {
    const client = await subject.session();
    const first = await subject.askOver(client);
    const second = await subject.askOver(client);
    expect(first.head.get('sec-websocket-key')).not.toBe(second.head.get('sec-websocket-key'));
  });

  it('joins the crumbs of a cookie into one line (RFC 9113 §8.2.3)', async () => {
    const raw = await subject.raw();
    const path = subject.target();
    raw.sendHeaders(
      1,
      socketFields(path, [
        ['cookie', 'a=1'],
        ['x-between', '1'],
        ['cookie', 'b=2'],
        ['cookie', 'c=3'],
      ]),
    );
    const { head } = await subject.backend.call(path);
    expect(head.all('cookie')).toEqual(['a=1; b=2; c=3']);
  });

  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['version 12', { 'sec-websocket-version': '12' }],
    ['version 8', { 'sec-websocket-version': '8' }],
    ['version 13.0', { 'sec-websocket-version': '13.0' }],
    ['no version', { 'sec-websocket-version': undefined }],
  ])('with %s is refused with the version that is known (RFC 6455 §4.4)', async (_what, headers) => {
    const client = await subject.session();
    const path = subject.target();
    const socket = client.open({ path, headers: { ':scheme': 'https', ...headers } });
    expect([400, 426]).toContain(await socket.status());
    expect((await socket.answer)['sec-websocket-version']).toBe('13');
    expect(subject.backend.has(path)).toBe(false);
    await subject.servesOthers(client);
  });

  it.each<[string, Readonly<Record<string, string | undefined>>, readonly number[]]>([
    ['another :protocol', { ':protocol': 'connect-udp' }, [501]],
    ['a list as :protocol', { ':protocol': 'websocket, chat' }, [400, 501]],
    ['a body announced', { 'content-length': '5' }, [400]],
    ['a subprotocol that is no token', { 'sec-websocket-protocol': 'a b' }, [400]],
    ['a Host that differs from :authority', { host: 'evil.test' }, [400]],
  ])('with %s is answered, not opened', async (_what, headers, statuses) => {
    const client = await subject.session();
    const path = subject.target();
    const socket = client.open({ path, headers: { ':scheme': 'https', ...headers } });
    expect(statuses).toContain(await socket.status());
    await socket.readToEnd();
    expect(subject.backend.has(path)).toBe(false);
    await subject.servesOthers(client);
  });

  it.each(['http', 'wss', 'ftp'])(
    'says :scheme %s: the backend is told how the client really came, or it is refused (RFC 9110 §7.4)',
    async (scheme) => {
      const client = await subject.session();
      const path = subject.target();
      const socket = client.open({ path, headers: { ':scheme': scheme } });
      const first = await Promise.race([socket.status(), subject.backend.call(path)]);
      if (typeof first === 'number') expect(first).toBeGreaterThanOrEqual(400);
      else expect(first.head.all('x-forwarded-proto').map((value) => value.replace('wss', 'https'))).toEqual(['https']);
    },
  );

  it('that ends with its headers cannot be a WebSocket: 400 (RFC 8441 §5)', async () => {
    const client = await subject.session();
    const path = subject.target();
    const headers = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': path };
    const answer = await answerOf(
      client.session.request(
        { ...headers, ':authority': 'gateway.test', 'sec-websocket-version': '13' },
        { endStream: true },
      ),
    );
    expect(answer.status).toBe(400);
    expect(subject.backend.has(path)).toBe(false);
  });

  it('without :protocol is a tunnel, which nobody gets (RFC 9110 §9.3.6)', async () => {
    const raw = await subject.raw();
    raw.sendHeaders(1, [
      [':method', 'CONNECT'],
      [':authority', `127.0.0.1:${subject.backend.port}`],
    ]);
    const before = subject.backend.connections.length;
    const { status, reset } = await verdictOf(raw, 1);
    expect(reset === undefined ? [400, 403, 404, 405, 501] : [status]).toContain(status);
    expect(subject.backend.connections).toHaveLength(before);
  });

  it('whose method is GET all the same is no WebSocket (RFC 8441 §4)', async () => {
    const raw = await subject.raw();
    const path = subject.target();
    raw.sendHeaders(
      1,
      socketFields(path).map(([name, value]) => [name, name === ':method' ? 'GET' : value]),
      1,
    );
    const { status = 400 } = await verdictOf(raw, 1);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(subject.backend.has(path)).toBe(false);
  });
});

describe('a refused CONNECT', () => {
  it('is a whole answer with a body of its own, and ends its stream alone (S4, S11)', async () => {
    const raw = await subject.raw();
    raw.sendHeaders(1, socketFields('/nowhere'));
    const secret = subject.target();
    raw.sendData(1, Buffer.from(`GET ${secret} HTTP/1.1\r\nHost: a\r\n\r\n`));
    expect(await verdictOf(raw, 1)).toEqual({ status: 404 });
    expect((await readData(raw, 1)).toString()).toContain('OCELOT_ERR_ROUTE_NOT_FOUND');
    const path = subject.target();
    raw.sendHeaders(3, socketFields(path));
    const { connection, head } = await subject.backend.call(path);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    expect(await verdictOf(raw, 3)).toEqual({ status: 200 });
    expect(subject.backend.has(secret)).toBe(false);
  });

  it('on HTTP/1.1 ends its connection, on the same port (S11)', async () => {
    const client = await subject.connect();
    const secret = subject.target();
    const head = await client.upgrade({ target: '/nowhere' });
    client.send(`GET ${secret} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(head.status).toBe(404);
    await client.readToEnd();
    expect(subject.backend.has(secret)).toBe(false);
  });

  it('leaves the next request of its session to be served', async () => {
    const client = await subject.session();
    for (let i = 0; i < 20; i += 1)
      expect(await client.open({ path: '/nowhere', headers: { ':scheme': 'https' } }).status()).toBe(404);
    const path = subject.target();
    const answer = ask(client.session, { ':path': path });
    (await subject.backend.call(path)).connection.send(OK);
    expect((await answer).status).toBe(200);
  });
});
