import type { Plugin } from '@ocelot/core';
import type { RawHead } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { stands, type HttpStandOptions } from './http-stand.js';

const { backend, gateway, scripted } = stands();

/** What a client gets for an answer of a backend, byte by byte. */
async function answered(
  answer: string,
  { request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', ...options }: HttpStandOptions & { readonly request?: string } = {},
): Promise<{ readonly head: RawHead; readonly text: string }> {
  const started = await scripted(async (connection) => {
    await connection.readHead();
    connection.send(Buffer.from(answer, 'latin1'));
    connection.end();
  });
  const client = await (await gateway([started.port], options)).client();
  client.send(request);
  const head = await client.readHead();
  client.end();
  return { head, text: (await client.readToEnd()).toString('latin1') };
}

/** Names and values but for those that Node adds for this connection. */
function ofBackend(head: RawHead): readonly (readonly [string, string])[] {
  return head.headers.filter(([name]) => !/^(?:date|connection|keep-alive|transfer-encoding)$/i.test(name));
}

describe('answerHead', () => {
  it('keeps order, case, duplicates and bytes of the headers (RFC 9110 §5.3)', async () => {
    const { head } = await answered(
      'HTTP/1.1 200 Fine\r\nX-b: 1\r\nSet-Cookie: a=1; Path=/\r\nx-A: \xe9\xff\r\nSet-Cookie: b=2\r\nSERVER: mine\r\n' +
        'Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-b: 2\r\nContent-Length: 0\r\n\r\n',
    );
    expect(head.line).toBe('HTTP/1.1 200 Fine');
    expect(head.all('date')).toEqual(['Thu, 01 Jan 1970 00:00:00 GMT']);
    expect(ofBackend(head)).toEqual([
      ['X-b', '1'],
      ['Set-Cookie', 'a=1; Path=/'],
      ['x-A', '\xe9\xff'],
      ['Set-Cookie', 'b=2'],
      ['SERVER', 'mine'],
      ['X-b', '2'],
      ['Content-Length', '0'],
    ]);
  });

  it('takes away what belongs to the hop, and what Connection names (RFC 9110 §7.6.1, S12)', async () => {
    const { head } = await answered(
      'HTTP/1.1 200 OK\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=99\r\nProxy-Connection: a\r\n' +
        'Upgrade: h2c\r\nTE: trailers\r\nTrailer: X-T\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n',
    );
    expect(ofBackend(head)).toEqual([
      ['X-Kept', '1'],
      ['Content-Length', '0'],
    ]);
    expect(head.get('keep-alive')).not.toContain('99');
  });

  it('keeps the length that the backend told (RFC 9110 §8.6)', async () => {
    const { head, text } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    expect(head.get('content-length')).toBe('5');
    expect(head.get('transfer-encoding')).toBeUndefined();
    expect(text).toBe('hello');
  });

  it('passes an empty chunked body as an empty body', async () => {
    const { head, text } = await answered('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    expect(head.get('transfer-encoding')).toBe('chunked');
    expect(text).toBe('0\r\n\r\n');
  });

  it.each([
    ['with a length', 'Content-Length: 1234\r\n\r\n', '1234'],
    ['with chunks announced', 'Transfer-Encoding: chunked\r\n\r\n', undefined],
    ['without a length', '\r\n', undefined],
  ])('sends no body behind the answer to HEAD %s (RFC 9110 §9.3.2)', async (_, rest, length) => {
    const request = 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n';
    const { head, text } = await answered(`HTTP/1.1 200 OK\r\n${rest}`, { request });
    expect(head.status).toBe(200);
    expect(head.get('content-length')).toBe(length);
    expect(text).toBe('');
  });

  it.each([
    ['204', 'HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n', undefined],
    ['204 that tells a length all the same', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', undefined],
    ['304 with the length of what is not sent', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n', '99'],
  ])('sends no body behind a %s (RFC 9112 §6.3)', async (_, answer, length) => {
    const { head, text } = await answered(answer);
    expect(head.get('content-length')).toBe(length);
    expect(head.get('transfer-encoding')).toBeUndefined();
    expect(text).toBe('');
  });

  it('tells an empty body where the route asks by HEAD for a client that asked by GET', async () => {
    const { head, text } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', {
      route: { DownstreamHttpMethod: 'HEAD' },
    });
    expect(head.get('content-length')).toBe('0');
    expect(text).toBe('');
  });

  it('keeps what a 426 asks for (RFC 9110 §15.5.22)', async () => {
    const { head } = await answered('HTTP/1.1 426 Upgrade Required\r\nUpgrade: foo/2\r\nContent-Length: 0\r\n\r\n');
    expect(head.status).toBe(426);
    expect(head.get('upgrade')).toBe('foo/2');
    expect(head.get('connection')).toMatch(/upgrade/i);
  });

  it('writes a reason phrase of its own where the backend sent none, or one that cannot be written', async () => {
    expect((await answered('HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n')).head.reason).toBe('Not Found');
    expect((await answered('HTTP/1.1 200 \xc3\x28\r\nContent-Length: 0\r\n\r\n')).head.status).toBe(200);
  });

  it('gives HTTP/1.0 a body without chunks that ends with the connection (RFC 9112 §6.1)', async () => {
    const { head, text } = await answered('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n', {
      request: 'GET / HTTP/1.0\r\nHost: x\r\n\r\n',
    });
    expect(head.get('transfer-encoding')).toBeUndefined();
    expect(head.get('connection')).toBe('close');
    expect(text).toBe('ab');
  });

  it('redirects by itself nowhere unless the route says so', async () => {
    const { head } = await answered('HTTP/1.1 302 Found\r\nLocation: http://h:1/b\r\nContent-Length: 0\r\n\r\n');
    expect(head.status).toBe(302);
    expect(head.get('location')).toBe('http://h:1/b');
  });

  it('passes the headers through stages and transforms once (Ocelot: DownstreamHeaderTransform)', async () => {
    let calls = 0;
    const plugin: Plugin = {
      name: 'edit',
      setup: (registry) =>
        registry.stage({
          name: 'edit',
          phase: 'transform',
          forRoute: () => (exchange) =>
            exchange.onAnswer(({ status, headers }) => {
              calls += 1;
              headers.set('X-Seen', String(status));
            }),
        }),
    };
    const port = await backend((_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.writeHead(201, { 'X-Old': 'a' }).end();
    });
    const stand = await gateway([port], {
      plugins: [plugin],
      route: { DownstreamHeaderTransform: { 'X-Old': 'a, b', 'X-New': 'c' } },
    });
    const client = await stand.client();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await client.readHead()).status).toBe(103);
    const head = await client.readHead();
    expect([head.get('x-seen'), head.get('x-old'), head.get('x-new'), calls]).toEqual(['201', 'b', 'c', 1]);
  });

  it('lets no stage and no transform frame the answer anew', async () => {
    const { head, text } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', {
      route: {
        DownstreamHeaderTransform: {
          'Content-Length': '5, 99',
          'Transfer-Encoding': 'chunked',
          Connection: 'X-Kept',
          'X-Kept': '1',
        },
      },
    });
    expect([head.all('content-length'), head.get('transfer-encoding'), head.get('x-kept'), text]).toEqual([
      ['5'],
      undefined,
      '1',
      'hello',
    ]);
  });
});
