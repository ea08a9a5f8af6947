import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, constants, type Settings } from 'node:http2';

import { FakeClock } from '@ocelot/core/testing';
import { eventually } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { type HttpStand, stands } from '../http-stand.js';

const { backend, gateway, onClose, scripted } = stands();

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const MEGABYTE = 1_048_576;

async function http2Client(stand: HttpStand, settings: Settings = {}): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${stand.port}`, { settings });
  session.on('error', () => undefined);
  await once(session, 'connect');
  onClose(async () => {
    session.destroy();
    if (!session.closed) await once(session, 'close');
  });
  return session;
}

/** An answer over HTTP/2, read to its end. */
async function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<{ readonly headers: Record<string, unknown>; readonly text: string; readonly trailers: object }> {
  const stream = session.request(headers, { endStream: body === undefined });
  let trailers: object = {};
  stream.on('trailers', (received) => (trailers = received));
  if (body !== undefined) stream.end(body);
  const [received] = (await once(stream, 'response')) as [Record<string, unknown>];
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return { headers: received, text, trailers };
}

describe('AnswerWriter', () => {
  it('lets a client that reads slowly pause the backend, and loses nothing', async () => {
    const total = 64 * MEGABYTE;
    let sent = 0;
    const port = await backend((_, response) => {
      response.writeHead(200, { 'Content-Length': total });
      const chunk = Buffer.alloc(MEGABYTE / 4);
      const write = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', write);
            return;
          }
        }
        response.end();
      };
      write();
    });
    const client = await (await gateway([port])).client();
    client.send(GET);
    const head = await client.readHead();
    client.pause();
    let before = -1;
    await eventually(async () => {
      const isStill = sent === before;
      before = sent;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      return isStill;
    }, 'the backend is paused');
    // What lies in between is buffers of the two connections: of the kernel's, mostly.
    expect(sent).toBeLessThan(40 * MEGABYTE);
    client.resume();
    expect((await client.readBody(head)).length).toBe(total);
  });

  it('lets a backend that reads slowly pause the client', async () => {
    const slow = await scripted((connection) => connection.pause());
    const client = await (await gateway([slow.port])).client();
    const total = 64 * MEGABYTE;
    client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${total}\r\n\r\n`);
    const chunk = Buffer.alloc(MEGABYTE / 4);
    let sent = 0;
    const write = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!client.send(chunk)) {
          client.socket.once('drain', write);
          return;
        }
      }
    };
    write();
    let before = -1;
    await eventually(async () => {
      const isStill = sent === before;
      before = sent;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
      return isStill;
    }, 'the client is paused');
    expect(sent).toBeLessThan(40 * MEGABYTE);
    const connection = await slow.connection();
    connection.resume();
    await connection.readHead();
    await eventually(() => connection.bytesReceived >= total, 'the whole body reaches the backend');
  });

  it('passes a head and each piece of a body at once, without waiting for more', async () => {
    const started = await scripted();
    const client = await (await gateway([started.port])).client();
    client.send(GET);
    const connection = await started.connection();
    await connection.readHead();
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.readHead();
    connection.send('3\r\none\r\n');
    expect((await client.readBytes(8)).toString()).toBe('3\r\none\r\n');
    connection.send('3\r\ntwo\r\n');
    expect((await client.readBytes(8)).toString()).toBe('3\r\ntwo\r\n');
    connection.send('0\r\n\r\n');
    expect((await client.readBytes(5)).toString()).toBe('0\r\n\r\n');
  });

  it('passes both directions at the same time', async () => {
    const started = await scripted();
    const client = await (await gateway([started.port])).client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const connection = await started.connection();
    // The head goes out before the first byte of the body.
    await connection.readHead();
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.readHead();
    for (const piece of ['a', 'b']) {
      client.send(`1\r\n${piece}\r\n`);
      expect((await connection.readBytes(6)).toString()).toBe(`1\r\n${piece}\r\n`);
      connection.send(`1\r\n${piece}\r\n`);
      expect((await client.readBytes(6)).toString()).toBe(`1\r\n${piece}\r\n`);
    }
  });

  it('passes an answer that comes before the upload is over, and closes the connection behind it (RFC 9112 §9.6)', async () => {
    const early = await scripted(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch');
    });
    for (const framing of ['Content-Length: 5000000\r\n\r\nabc', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n']) {
      const client = await (await gateway([early.port])).client();
      client.send(`POST / HTTP/1.1\r\nHost: x\r\n${framing}`);
      const head = await client.readHead();
      expect([head.status, head.get('connection')]).toEqual([413, 'close']);
      expect((await client.readBody(head)).toString()).toBe('much');
      client.send(Buffer.alloc(100_000));
      client.end();
      await client.ended;
    }
  });

  it('passes trailers of an answer, but for those that would change it (RFC 9110 §6.5.1)', async () => {
    const started = await scripted(async (connection) => {
      await connection.readHead();
      connection.send(
        'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n' +
          'X-Sum: 1\r\nSet-Cookie: a=1\r\nX-Sum: 2\r\n\r\n',
      );
    });
    const client = await (await gateway([started.port])).client();
    client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: TE\r\nTE: trailers\r\n\r\n');
    const head = await client.readHead();
    expect(head.get('trailer')).toBe('X-Sum');
    expect((await client.readBytes(31)).toString()).toBe('1\r\na\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n');
  });

  it.each([
    ['HEAD', 'HEAD / HTTP/1.1'],
    ['HTTP/1.0', 'GET / HTTP/1.0'],
  ])('announces no trailers to %s, which has none, and passes the answer (RFC 9112 §7.1.2)', async (_, line) => {
    const body = line.startsWith('HEAD') ? '' : '2\r\nok\r\n0\r\nX-Sum: 9\r\n\r\n';
    const { port } = await scripted(async (connection) => {
      await connection.readHead();
      connection.send(`HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    });
    const client = await (await gateway([port])).client();
    client.send(`${line}\r\nHost: x\r\nTE: trailers\r\nConnection: TE, close\r\n\r\n`);
    const head = await client.readHead();
    expect([head.status, head.all('trailer')]).toEqual([200, []]);
    expect((await client.readToEnd()).toString()).toBe(body === '' ? '' : 'ok');
  });

  it('passes 102 and 103 in their order, and neither to HTTP/1.0 (RFC 9110 §15.2)', async () => {
    const started = await scripted(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 102 Processing\r\n\r\n');
      connection.send('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\nX-Hint: 1\r\n\r\n');
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    const stand = await gateway([started.port]);
    const client = await stand.client();
    client.send(GET);
    expect((await client.readHead()).status).toBe(102);
    const hints = await client.readHead();
    expect([hints.status, hints.get('link')]).toEqual([103, '</a.css>; rel=preload; as=style']);
    expect((await client.readHead()).status).toBe(200);
    const old = await stand.client();
    old.send('GET / HTTP/1.0\r\nHost: x\r\n\r\n');
    expect((await old.readHead()).status).toBe(200);
  });

  describe('over HTTP/2', () => {
    it('passes request and answer, with :authority as host and Cookie in one line (RFC 9113 §8.2.3, §8.3.1)', async () => {
      const port = await backend((request, response) => {
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        response.setHeader('X-Multi', ['1', '2']);
        request.resume().on('end', () => response.end(JSON.stringify([request.method, request.url, request.headers])));
      });
      const stand = await gateway([port], { front: 'h2c' });
      const session = await http2Client(stand);
      const answer = await ask(
        session,
        {
          ':method': 'POST',
          ':path': '/a?b=1',
          ':authority': 'gateway.example',
          cookie: 'a=1',
          'x-a': '1',
        },
        'hello',
      );
      expect(answer.headers).toMatchObject({ ':status': 200, 'set-cookie': ['a=1', 'b=2'], 'x-multi': '1, 2' });
      expect(answer.headers).not.toHaveProperty('connection');
      expect(answer.headers).not.toHaveProperty('keep-alive');
      expect(answer.headers).not.toHaveProperty('transfer-encoding');
      const [method, url, headers] = JSON.parse(answer.text) as [string, string, Record<string, string>];
      expect([method, url]).toEqual(['POST', '/a?b=1']);
      expect(headers).toMatchObject({ cookie: 'a=1', 'x-a': '1', 'x-forwarded-host': 'gateway.example' });
      expect(headers['transfer-encoding']).toBe('chunked');
      expect(await stand.event('request.finished')).toMatchObject({ status: 200, errorCode: undefined });
    });

    it('passes trailers both ways', async () => {
      const port = await backend((request, response) => {
        request.resume().on('end', () => {
          response.writeHead(200, { Trailer: 'X-Sum' });
          response.write('a');
          response.addTrailers({ 'X-Sum': String(request.trailers['x-in']) });
          response.end();
        });
      });
      const session = await http2Client(await gateway([port], { front: 'h2c' }));
      const stream = session.request({ ':method': 'POST', ':path': '/', te: 'trailers' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-in': '9' }));
      stream.end('body');
      const trailers = once(stream, 'trailers');
      stream.resume();
      expect((await trailers)[0]).toMatchObject({ 'x-sum': '9' });
    });

    it('resets the stream of an answer that breaks off, and leaves the others alone (RFC 9113 §8.1)', async () => {
      const broken = await scripted(async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
      });
      const session = await http2Client(await gateway([broken.port], { front: 'h2c' }));
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined);
      await once(stream, 'response');
      stream.resume();
      let hasEnded = false;
      stream.once('end', () => (hasEnded = true));
      const closed = new Promise((resolve) => {
        stream.once('close', resolve);
      });
      (await broken.connection()).end();
      await closed;
      expect([hasEnded, stream.rstCode]).toEqual([false, constants.NGHTTP2_INTERNAL_ERROR]);
      expect(session.destroyed).toBe(false);
    });

    it('cuts the backend when the client resets its stream', async () => {
      const slow = await scripted();
      const stand = await gateway([slow.port], { front: 'h2c' });
      const session = await http2Client(stand);
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined);
      await (await slow.connection()).readHead();
      stream.close(constants.NGHTTP2_CANCEL);
      await (
        await slow.connection()
      ).ended;
      expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_CLIENT_GONE');
    });

    it('refuses without reading the body, and needs not the rest of it (RFC 9113 §8.1)', async () => {
      const stand = await gateway([1], { front: 'h2c', route: { UpstreamPathTemplate: '/only' } });
      const session = await http2Client(stand);
      const stream = session.request({ ':method': 'POST', ':path': '/x' });
      stream.write('never ending');
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      expect(headers[':status']).toBe(404);
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      expect(text).toContain('OCELOT_ERR_ROUTE_NOT_FOUND');
    });

    it('resets the stream of a refusal that the client gives no window for, after ten seconds', async () => {
      const clock = new FakeClock();
      const relay = { clock };
      const stand = await gateway([1], { front: 'h2c', route: { UpstreamPathTemplate: '/only' }, relay });
      const session = await http2Client(stand, { initialWindowSize: 0 });
      const stream = session.request({ ':path': '/x' });
      stream.on('error', () => undefined);
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      expect([headers[':status'], clock.pending]).toEqual([404, 1]);
      clock.advance(10_000);
      await new Promise((resolve) => {
        stream.once('close', resolve);
      });
      expect([stream.rstCode, clock.pending]).toEqual([constants.NGHTTP2_INTERNAL_ERROR, 0]);
    });

    it('passes interim answers', async () => {
      const port = await backend((_, response) => {
        response.writeEarlyHints({ link: '</a.css>; rel=preload', 'x-hint': '1' });
        response.end('ok');
      });
      const session = await http2Client(await gateway([port], { front: 'h2c' }));
      const stream = session.request({ ':path': '/' });
      const [hints] = (await once(stream, 'headers')) as [Record<string, unknown>];
      expect(hints).toMatchObject({ ':status': 103, link: '</a.css>; rel=preload', 'x-hint': '1' });
      stream.resume();
      await once(stream, 'close');
    });

    it('refuses a host that is not the authority (RFC 9113 §8.3.1)', async () => {
      const session = await http2Client(await gateway([1], { front: 'h2c' }));
      const answer = await ask(session, { ':path': '/', ':authority': 'a', host: 'b' });
      expect(answer.headers[':status']).toBe(400);
    });

    it('answers HEAD without a body', async () => {
      const port = await backend((_, response) => response.writeHead(200, { 'Content-Length': 9 }).end());
      const session = await http2Client(await gateway([port], { front: 'h2c' }));
      const answer = await ask(session, { ':method': 'HEAD', ':path': '/' });
      expect(answer.headers).toMatchObject({ ':status': 200, 'content-length': '9' });
      expect(answer.text).toBe('');
    });
  });
});
