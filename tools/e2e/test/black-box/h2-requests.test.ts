// Situation: browsers load pages, events and downloads over the connection that carries their WebSockets.
// Action: plain requests of every kind over HTTP/2, to a backend of HTTP/1.1.
// Expected: what RFC 9110 says of methods, bodies, interim answers and trailers holds across the two versions, and nothing
// waits for a whole body.
import { once } from 'node:events';

import { within } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { answerOf, ask, h2Stand, OK } from './h2-stand.js';
import { route } from './stand.js';

const subject = h2Stand((port) => ({ Routes: [route('/ws/{everything}', port)] }));

/** Asks the backend, which answers with these bytes and closes. */
async function exchange(bytes: string, headers: Readonly<Record<string, string>> = {}, body?: string) {
  const client = await subject.session();
  const path = subject.target();
  const answering = ask(client.session, { ':path': path, ...headers }, body);
  const { connection, head } = await subject.backend.call(path);
  connection.send(bytes);
  connection.end();
  return { answer: await answering, head, connection };
}

describe('a request over HTTP/2', () => {
  it.each(['GET', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'keeps its method %s, and has no body framing where it has none',
    async (method) => {
      const { answer, head } = await exchange(OK, { ':method': method });
      expect(head.line).toMatch(new RegExp(`^${method} \\S+ HTTP/1\\.1$`));
      expect(head.get('transfer-encoding')).toBeUndefined();
      expect(['0', undefined]).toContain(head.get('content-length'));
      expect([answer.status, answer.body]).toEqual([200, 'ok']);
    },
  );

  it('with a Content-Length brings its body with it (RFC 9112 §6.2)', async () => {
    const { head, connection } = await exchange(OK, { ':method': 'POST', 'content-length': '5' }, 'hello');
    expect(head.all('content-length')).toEqual(['5']);
    expect(head.all('transfer-encoding')).toEqual([]);
    expect((await connection.readBytes(5)).toString()).toBe('hello');
  });

  it('without a Content-Length sends its body on in chunks, as it comes (RFC 9112 §7.1)', async () => {
    const { session } = await subject.session();
    const path = subject.target();
    const stream = session.request({ ':method': 'POST', ':path': path }, { endStream: false });
    const answering = answerOf(stream);
    stream.write('one');
    const { connection, head } = await subject.backend.call(path);
    expect(head.all('transfer-encoding')).toEqual(['chunked']);
    expect((await connection.readBytes(8)).toString()).toBe('3\r\none\r\n');
    stream.end('two');
    expect((await connection.readBytes(13)).toString()).toBe('3\r\ntwo\r\n0\r\n\r\n');
    connection.send(OK);
    expect((await answering).body).toBe('ok');
  });

  it('brings its trailers along (RFC 9110 §6.5)', async () => {
    const { session } = await subject.session();
    const path = subject.target();
    const stream = session.request(
      { ':method': 'POST', ':path': path, trailer: 'x-sum' },
      { endStream: false, waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    const answering = answerOf(stream);
    stream.end('body');
    const { connection } = await subject.backend.call(path);
    const sent = (await connection.readBytes('4\r\nbody\r\n0\r\n'.length)).toString();
    expect(sent).toBe('4\r\nbody\r\n0\r\n');
    connection.send(OK);
    expect((await answering).status).toBe(200);
  });

  it('that its client resets is ended at the backend, and the session goes on (S10)', async () => {
    const client = await subject.session();
    const path = subject.target();
    const stream = client.session.request({ ':path': path });
    stream.on('error', () => undefined);
    const { connection } = await subject.backend.call(path);
    connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
    await within(once(stream, 'response'), 'the head');
    stream.close(8);
    await connection.ended;
    expect(client.session.destroyed).toBe(false);
    await subject.servesOthers(client);
  });
});

describe('an answer over HTTP/2', () => {
  it.each([
    ['204 without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
    [
      '304 with the length that there would be',
      'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 9\r\n\r\n',
      304,
      '',
    ],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 200, 'abcde'],
    ['a body up to the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nto the end', 200, 'to the end'],
    ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, ''],
  ])('may be %s', async (_what, bytes, status, body) => {
    const { answer } = await exchange(bytes);
    expect([answer.status, answer.body]).toEqual([status, body]);
  });

  it('to HEAD has the length and no body (RFC 9110 §9.3.2)', async () => {
    const { answer, head } = await exchange('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', { ':method': 'HEAD' });
    expect(head.method).toBe('HEAD');
    expect([answer.headers['content-length'], answer.body]).toEqual(['1234', '']);
  });

  it('brings trailers along (RFC 9113 §8.1)', async () => {
    const bytes =
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n';
    const { answer } = await exchange(bytes, { te: 'trailers' });
    expect([answer.body, answer.trailers['x-sum']]).toEqual(['ok', '7']);
  });

  it('may follow 103 (RFC 8297, S7)', async () => {
    const { answer } = await exchange(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${OK}`);
    expect([answer.status, answer.body]).toEqual([200, 'ok']);
    expect(answer.interim.filter((status) => status !== 103)).toEqual([]);
  });

  it('of events comes event by event (S15)', async () => {
    const { session } = await subject.session();
    const path = subject.target();
    const stream = session.request({ ':path': path, accept: 'text/event-stream' });
    const { connection } = await subject.backend.call(path);
    connection.send(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    );
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      const coming = once(stream, 'data');
      connection.send(`${event.length.toString(16)}\r\n${event}\r\n`);
      expect(String((await within(coming, 'an event'))[0])).toBe(event);
    }
    connection.send('0\r\n\r\n');
    await within(once(stream.resume(), 'end'), 'the end');
  });

  it('is read no faster than the client reads it (RFC 9113 §5.2, S15)', async () => {
    const { session } = await subject.session();
    const path = subject.target();
    const stream = session.request({ ':path': path });
    const { connection } = await subject.backend.call(path);
    const size = 24 * 1_048_576;
    const held = subject.process.residentBytes;
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
    const written = new Promise((resolve) => connection.socket.write(Buffer.alloc(size, 'x'), resolve));
    await within(once(stream, 'response'), 'the head');
    const early = await Promise.race([
      written.then(() => 'all of it'),
      new Promise((resolve) => setTimeout(resolve, 200)),
    ]);
    expect(early).toBeUndefined();
    expect(subject.process.residentBytes - held).toBeLessThan(16 * 1_048_576);
    let received = 0;
    stream.on('data', (bytes: Buffer) => (received += bytes.length));
    await within(once(stream, 'end'), 'the end');
    expect(received).toBe(size);
  });
});

describe('one port', () => {
  it('serves HTTP/2 and HTTP/1.1, requests and WebSockets (RFC 7301, RFC 9113 §3.2)', async () => {
    const client = await subject.session();
    await subject.servesOthers(client);
    await subject.openOver(client);
    const old = await subject.connect();
    const path = subject.target();
    old.send(`GET ${path} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`);
    (await subject.backend.call(path)).connection.send(OK);
    expect((await old.readHead()).status).toBe(200);
    expect((await subject.open()).response.status).toBe(101);
  });
});
