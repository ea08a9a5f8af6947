// Attack: bytes that two parsers read differently: behind a refused upgrade, in two framings at once, in a second answer.
// Action: a client (or a backend) sends them; the gateway stands in between.
// Expected: one request and one answer for each, the connection ends behind a refusal, and nothing else is ever parsed.
import { setTimeout as sleep } from 'node:timers/promises';

import { encodeFrame, OPCODE, switchingHead, upgradeHead, type RawClient } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand, type HeaderLines } from './stand.js';

const subject = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/blocked/{everything}', port, { SecurityOptions: { IPBlockedList: ['127.0.0.1'] } }),
    route('/nobody/{everything}', 9),
  ],
}));

/** The request that must never be understood, in both shapes. */
const hidden = (target: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: gateway.test\r\nX-Hidden: 1\r\n\r\n${upgradeHead({ target })}`;

/** Everything the client is sent; one answer and then the end is what is allowed. */
async function answersOf(client: RawClient): Promise<readonly string[]> {
  const bytes = (await client.readToEnd()).toString('latin1');
  return [...bytes.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status ?? '');
}

describe('a second request behind an upgrade that the gateway refuses', () => {
  // Attack: CVE-2026-2833, kemal#767, CVE-2019-17567.
  it.each<[string, string, string, HeaderLines]>([
    ['without a key', '400', '/ws/1', { 'Sec-WebSocket-Key': undefined }],
    ['of another version', '426', '/ws/1', { 'Sec-WebSocket-Version': '7' }],
    ['for no route', '404', '/nowhere', {}],
    ['from a blocked address', '403', '/blocked/1', {}],
    ['for a backend that is away', '502', '/nobody/1', {}],
    ['with a body announced', '400', '/ws/1', { 'Content-Length': '300' }],
    ['with a chunked body announced', '400', '/ws/1', { 'Transfer-Encoding': 'chunked' }],
  ])('%s is never parsed', async (_what, status, target, headers) => {
    const secret = subject.target();
    const client = await subject.connect();
    client.send(upgradeHead({ target, headers }) + hidden(secret));
    expect(await answersOf(client)).toEqual([status]);
    client.send(hidden(secret));
    await sleep(20);
    expect(subject.backend.has(secret)).toBe(false);
  });

  it('that comes later, on the same connection, is never parsed either', async () => {
    const secret = subject.target();
    const client = await subject.connect();
    client.send(upgradeHead({ target: '/nowhere' }));
    const head = await client.readHead();
    await client.readBody(head);
    client.send(hidden(secret));
    expect(await answersOf(client)).toEqual([]);
    expect(subject.backend.has(secret)).toBe(false);
  });
});

describe('a second request behind an upgrade that the backend refuses', () => {
  it.each([
    ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['403', 'HTTP/1.1 403 Forbidden\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nno'],
    ['426', 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n'],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ])('with %s reaches neither the backend nor a parser', async (status, answer) => {
    const target = subject.target();
    const secret = subject.target();
    const client = await subject.connect();
    client.send(upgradeHead({ target }) + hidden(secret));
    const { connection } = await subject.backend.call(target);
    connection.send(answer);
    expect(await answersOf(client)).toEqual([status]);
    await connection.ended;
    expect(connection.unread.toString()).toBe('');
    expect(subject.backend.has(secret)).toBe(false);
  });
});

describe('a second answer of the backend', () => {
  it.each([
    ['behind a refusal with a length', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'],
    ['behind a refusal without body', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['behind a refusal in chunks', 'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'],
  ])('%s never reaches the client (response splitting)', async (_what, first) => {
    const { client, connection } = await subject.ask();
    connection.send(`${first}HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Hidden: 1\r\n\r\nevil`);
    expect(await answersOf(client)).toHaveLength(1);
  });

  it('behind an interim answer is the answer, and the only one', async () => {
    const { client, connection, head } = await subject.ask();
    const answer = switchingHead(head.get('sec-websocket-key') ?? '');
    connection.send(`HTTP/1.1 100 Continue\r\n\r\n${answer}`);
    connection.sendFrame({ opcode: OPCODE.text, payload: 'HTTP/1.1 200 OK' });
    let response = await client.readHead();
    while (response.status === 100) response = await client.readHead();
    expect(response.status).toBe(101);
    expect((await client.readFrame()).payload.toString()).toBe('HTTP/1.1 200 OK');
  });
});

describe('two framings at once', () => {
  it.each([
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['two lengths', 'Content-Length: 0\r\nContent-Length: 5'],
    ['a list of lengths', 'Content-Length: 0, 5'],
    ['a length with a sign', 'Content-Length: +5'],
    ['a length in hexadecimal', 'Content-Length: 0x5'],
    ['a negative length', 'Content-Length: -5'],
    ['an unknown coding', 'Transfer-Encoding: xchunked'],
    ['a coding behind chunked', 'Transfer-Encoding: chunked, identity'],
    ['a coding with a tab', 'Transfer-Encoding:\tchunked'],
    ['two codings lines', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
    ['a coding in upper case', 'TRANSFER-ENCODING: CHUNKED'],
  ])('in a handshake (%s) are refused with 400 (RFC 9112 §6.1, §6.3)', async (_what, lines) => {
    const target = subject.target();
    const secret = subject.target();
    const client = await subject.connect();
    client.send(`${upgradeHead({ target }).replace('\r\n\r\n', `\r\n${lines}\r\n\r\n`)}0\r\n\r\n${hidden(secret)}`);
    expect(await answersOf(client)).toEqual(['400']);
    expect([subject.backend.has(target), subject.backend.has(secret)]).toEqual([false, false]);
  });
});

describe('requests that may share a connection', () => {
  it('a handshake may follow a plain request that was answered (RFC 9112 §9.3)', async () => {
    const target = subject.target();
    const client = await subject.connect();
    client.send('GET /nowhere HTTP/1.1\r\nHost: gateway.test\r\n\r\n');
    const head = await client.readHead();
    await client.readBody(head);
    expect(head.status).toBe(404);
    if (head.all('connection').join().toLowerCase().includes('close')) return;
    client.send(upgradeHead({ target }));
    const { connection, head: request } = await subject.backend.call(target);
    connection.send(switchingHead(request.get('sec-websocket-key') ?? ''));
    expect((await client.readHead()).status).toBe(101);
  });

  it('a handshake in the packet of a plain request is served in order or not at all (RFC 9112 §9.3.2)', async () => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(`GET /nowhere HTTP/1.1\r\nHost: gateway.test\r\n\r\n${upgradeHead({ target })}`);
    const answering = subject.backend.call(target).then(
      ({ connection, head }) => connection.send(switchingHead(head.get('sec-websocket-key') ?? '')),
      () => undefined,
    );
    const first = await client.readHead();
    expect(first.status).toBe(404);
    await client.readBody(first);
    // No second answer is right too: the connection may end after the first.
    const second = await client.readHead().catch(() => undefined);
    if (second !== undefined) expect([101, 400]).toContain(second.status);
    if (subject.backend.has(target)) await answering;
  });

  it('a plain request inside an open WebSocket is payload, or a fault of framing, and no request', async () => {
    const { client, backend } = await subject.open();
    const secret = subject.target();
    client.send(encodeFrame({ opcode: OPCODE.binary, payload: hidden(secret), mask: true }));
    expect((await backend.readFrame()).payload.toString()).toBe(hidden(secret));
    client.send(hidden(secret));
    await client.readToEnd();
    expect(subject.backend.has(secret)).toBe(false);
  });
});
