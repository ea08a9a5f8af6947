import type { Plugin } from '@ocelot/core';
import type { RawHead } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { stands, type HttpStandOptions } from '../http-stand.js';

const { gateway, scripted } = stands();

/** What a backend gets for the bytes of a client: its head, and what comes behind it. */
async function forwarded(
  request: string,
  options: HttpStandOptions = {},
): Promise<{ readonly head: RawHead; readonly rest: string; readonly port: number }> {
  const started = await scripted();
  const client = await (await gateway([started.port], options)).client();
  client.send(Buffer.from(request, 'latin1'));
  const connection = await started.connection();
  const head = await connection.readHead();
  connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  await client.readHead();
  connection.end();
  return { head, rest: (await connection.readToEnd()).toString('latin1'), port: started.port };
}

const OF_GATEWAY = /^(?:x-forwarded-.*|connection|host)$/i;

/** Headers but for those that the gateway adds. */
function ofClient(head: RawHead): readonly (readonly [string, string])[] {
  return head.headers.filter(([name]) => !OF_GATEWAY.test(name));
}

describe('backendRequest', () => {
  it('keeps order, case, duplicates and bytes of the headers (RFC 9110 §5.3)', async () => {
    const { head } = await forwarded(
      'GET / HTTP/1.1\r\nHost: x\r\nX-b: 1\r\naccept: */*\r\nX-A: \xe9\r\nCookie: a=1\r\nX-b: 2\r\nUser-Agent: u\r\n\r\n',
    );
    expect(ofClient(head)).toEqual([
      ['X-b', '1'],
      ['accept', '*/*'],
      ['X-A', '\xe9'],
      ['Cookie', 'a=1'],
      ['X-b', '2'],
      ['User-Agent', 'u'],
    ]);
  });

  it('names the endpoint as host, or what a stage wants', async () => {
    const { head, port } = await forwarded('GET / HTTP/1.1\r\nHost: gateway.example\r\n\r\n');
    expect(head.all('host')).toEqual([`127.0.0.1:${port}`]);
    expect(head.get('x-forwarded-host')).toBe('gateway.example');
    const plugin: Plugin = {
      name: 'host',
      setup: (registry) =>
        registry.stage({
          name: 'host',
          phase: 'transform',
          forRoute: () => (exchange) => exchange.outgoing.headers.set('Host', 'service.internal'),
        }),
    };
    const second = await forwarded('GET / HTTP/1.1\r\nHost: x\r\n\r\n', { plugins: [plugin] });
    expect(second.head.all('host')).toEqual(['service.internal']);
  });

  it('takes away what belongs to the hop, and what Connection names (RFC 9110 §7.6.1, S12)', async () => {
    const { head } = await forwarded(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Secret, X-Forwarded-For\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n' +
        'Proxy-Connection: a\r\nProxy-Authorization: b\r\nTE: gzip\r\nX-Kept: 1\r\n\r\n',
    );
    expect(ofClient(head)).toEqual([['X-Kept', '1']]);
    expect(head.get('x-forwarded-for')).toBe('127.0.0.1');
  });

  it('believes no client what a proxy says, not even with other letters (S13)', async () => {
    const { head } = await forwarded(
      'GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded-User: root\r\n\r\n',
    );
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(head.all('x_forwarded_for')).toEqual([]);
    expect(head.all('x-forwarded-user')).toEqual([]);
  });

  it.each([
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__'],
    ['another protocol', 'Connection: Upgrade\r\nUpgrade: foo'],
  ])('serves an upgrade to %s as the plain request that it also is (S3)', async (_, lines) => {
    const { head } = await forwarded(`GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n`);
    expect(ofClient(head)).toEqual([]);
  });

  it.each([
    ['//evil.example/a', '//evil.example/a'],
    ['/a/@evil.example', '/a/@evil.example'],
    ['/a%2f%5c/%0d%0a', '/a%2f%5c/%0d%0a'],
    ['http://x/a?b', '/a'],
  ])('sends the target %s to the endpoint, whatever it looks like (S14)', async (target, expected) => {
    const { head, port } = await forwarded(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(head.target.split('?')[0]).toBe(expected);
    expect(head.all('host')).toEqual([`127.0.0.1:${port}`]);
  });

  it('frames no body where there is none (RFC 9112 §6.3)', async () => {
    const { head, rest } = await forwarded('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect([head.get('content-length'), head.get('transfer-encoding'), rest]).toEqual([undefined, undefined, '']);
  });

  it.each([
    ['by undici', ''],
    ['by node:http', 'Connection: TE\r\nTE: trailers\r\n'],
  ])('tells that the body of a POST is empty (RFC 9110 §8.6), %s', async (_, lines) => {
    for (const length of ['', 'Content-Length: 0\r\n']) {
      const { head, rest } = await forwarded(`POST / HTTP/1.1\r\nHost: x\r\n${lines}${length}\r\n`);
      expect([head.all('content-length'), head.get('transfer-encoding'), rest]).toEqual([['0'], undefined, '']);
    }
    const { head } = await forwarded(`DELETE / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
    expect([head.get('content-length'), head.get('transfer-encoding')]).toEqual([undefined, undefined]);
  });

  it.each(['GET', 'DELETE', 'POST', 'PATCH', 'OPTIONS', 'REPORT'])(
    'keeps the length of a body that it knows, of %s too',
    async (method) => {
      const { head, rest } = await forwarded(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`);
      expect(head.method).toBe(method);
      expect(head.all('content-length')).toEqual(['5']);
      expect(head.get('transfer-encoding')).toBeUndefined();
      expect(rest).toBe('hello');
    },
  );

  it.each(['GET', 'DELETE', 'POST'])('sends a body of unknown length in chunks, of %s too', async (method) => {
    const { head, rest } = await forwarded(
      `${method} / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\n\r\n`,
    );
    expect(head.all('transfer-encoding')).toEqual(['chunked']);
    expect(head.get('content-length')).toBeUndefined();
    expect(rest).toBe('5\r\nhello\r\n0\r\n\r\n');
  });

  it('passes trailers and their announcement (RFC 9110 §6.5)', async () => {
    const { head, rest } = await forwarded(
      'POST / HTTP/1.1\r\nHost: x\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n',
    );
    expect(head.get('trailer')).toBe('X-Sum');
    expect(rest).toBe('1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n');
  });

  it('asks for trailers only where the client does, naming TE as an option of the hop (RFC 9110 §10.1.4)', async () => {
    const { head } = await forwarded('GET / HTTP/1.1\r\nHost: x\r\nConnection: TE\r\nTE: trailers, deflate\r\n\r\n');
    expect(head.all('te')).toEqual(['trailers']);
    expect(head.get('connection')).toBe('keep-alive, TE');
  });

  it('closes the connection behind a request of version 1.0, which goes out as 1.1', async () => {
    const options = { route: { DownstreamHttpVersion: '1.0' } };
    for (const request of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n']) {
      const { head } = await forwarded(request, options);
      expect(head.line).toBe('GET / HTTP/1.1');
      expect(head.get('connection')).toMatch(/^close/);
    }
  });

  it('lets no stage frame the request anew, or speak for its hop', async () => {
    const names = ['Transfer-Encoding', 'Content-Length', 'Connection', 'Keep-Alive', 'Upgrade', 'Expect', 'X-Kept'];
    const plugin: Plugin = {
      name: 'frame',
      setup: (registry) =>
        registry.stage({
          name: 'frame',
          phase: 'transform',
          forRoute: () => (exchange) => {
            for (const name of names) exchange.outgoing.headers.set(name, name === 'Content-Length' ? '99' : 'chunked');
          },
        }),
    };
    const { head, rest } = await forwarded('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', {
      plugins: [plugin],
    });
    expect(ofClient(head).map(([name]) => name.toLowerCase())).toEqual(['x-kept', 'content-length']);
    expect([head.all('content-length'), rest]).toEqual([['5'], 'hello']);
  });
});
