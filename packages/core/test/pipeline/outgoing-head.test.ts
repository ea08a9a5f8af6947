import { describe, expect, it } from 'vitest';

import { isGatewayError } from '../../src/index.js';
import { createOutgoingHead } from '../../src/pipeline/outgoing-head.js';
import { createGatewayRequest } from '../../src/routing/gateway-request.js';

const TARGET = { path: '/ws', query: '?a=1' };

const head = (rawHeaders: readonly string[], kind: 'upgrade' | 'http' = 'upgrade') =>
  createOutgoingHead(
    createGatewayRequest({
      kind,
      method: 'GET',
      target: '/',
      rawHeaders: ['Host', 'gateway.test', ...rawHeaders],
      client: { address: '192.0.2.1', port: 1, tls: false },
    }),
    TARGET,
  );

const refusal = (run: () => unknown): unknown => {
  try {
    run();
    return undefined;
  } catch (error) {
    return isGatewayError(error) ? `${error.code} ${error.status}` : error;
  }
};
const REFUSED = 'OCELOT_ERR_UPGRADE_INVALID 400';

describe('createOutgoingHead', () => {
  it('keeps order, case and duplicates of what goes from end to end', () => {
    const raw = ['Cookie', 'a=1', 'X-A', '1', 'origin', 'https://a', 'x-a', '2', 'Cookie', 'b=2'];
    const { headers, path, query } = head(raw);
    expect(headers.raw).toEqual(raw);
    expect({ path, query }).toEqual(TARGET);
  });

  it('removes the headers of the hop (RFC 9110 §7.6.1) and those the relay writes itself', () => {
    const hop = ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Proxy-Authorization', 'TE', 'Trailer'];
    const more = ['Transfer-Encoding', 'Upgrade', 'HTTP2-Settings', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version'];
    const raw = [...hop, ...more, 'Sec-WebSocket-Accept', 'Content-Length'].flatMap((name) => [
      name,
      'x',
      name.toUpperCase().replaceAll('-', '_'),
      'x',
    ]);
    expect(head(['A', '1', ...raw, 'B', '2']).headers.raw).toEqual(['A', '1', 'B', '2']);
  });

  it('leaves an upgrade its offers, where a stage may change them, but not in the spelling with underscores', () => {
    const offers = ['Sec-WebSocket-Protocol', 'a, b', 'Sec-WebSocket-Extensions', 'permessage-deflate'];
    const aliases = ['Sec_WebSocket_Protocol', 'c'];
    expect(head([...offers, ...aliases]).headers.raw).toEqual(offers);
    expect(head([...offers, ...aliases], 'http').headers.raw).toEqual([]);
  });

  it('removes everything that Connection names, in every line of it', () => {
    const raw = [
      'Connection',
      'Upgrade, X-A',
      'x-a',
      '1',
      'X-B',
      '2',
      'connection',
      'x-b,  X_C',
      'X-C',
      '3',
      'X-D',
      '4',
    ];
    expect(head(raw).headers.raw).toEqual(['X-D', '4']);
  });

  it('adds after it removes, so a client cannot strip what the gateway says (CVE-2021-32813)', () => {
    const { headers } = head(['Connection', 'Upgrade, X-Forwarded-For', 'X-Forwarded-For', 'spoofed']);
    headers.set('X-Forwarded-For', '192.0.2.1');
    expect(headers.raw).toEqual(['X-Forwarded-For', '192.0.2.1']);
  });

  it('drops spellings of X-Forwarded-* with an underscore (CVE-2025-64484)', () => {
    const raw = ['X_Forwarded_For', '1', 'x-forwarded_proto', 'https', 'X-Forwarded-Host', 'a', 'X_Other', '1'];
    expect(head(raw).headers.raw).toEqual(['X-Forwarded-Host', 'a', 'X_Other', '1']);
  });

  it('keeps the length of a plain request, but not its other spelling, which would cut the body elsewhere', () => {
    expect(head(['Content-Length', '5', 'Content_Length', '3'], 'http').headers.raw).toEqual(['Content-Length', '5']);
    expect(head(['Content-Length', '0']).headers.raw).toEqual([]);
  });

  it('leaves Expect of a plain request to the relay (RFC 9110 §10.1.1)', () => {
    expect(head(['Expect', '100-continue', 'X-A', '1'], 'http').headers.raw).toEqual(['X-A', '1']);
    expect(head(['Expect', 'x']).headers.raw).toEqual(['Expect', 'x']);
  });

  it('calls it an invalid request where it is no upgrade', () => {
    const invalid = 'OCELOT_ERR_REQUEST_INVALID 400';
    expect(refusal(() => head(['X-A', 'a\nb'], 'http'))).toBe(invalid);
    expect(refusal(() => head([':path', '/'], 'http'))).toBe(invalid);
    expect(refusal(() => (head([], 'http').path = 'a'))).toBe(invalid);
    expect(refusal(() => (head([], 'http').query = 'a'))).toBe(invalid);
    expect(refusal(() => head([], 'http').headers.set('X-A', 'a\nb'))).toBe(invalid);
  });

  it.each([
    ['X-A', 'a\r\nX-B: b'],
    ['X-A', 'a\u0000'],
    ['X A', 'a'],
    ['X-A:', 'a'],
    ['', 'a'],
    ['X-A', '\u010d\u010a'],
  ])('refuses a header of the client that would not stay one: %j %j (CVE-2026-1527)', (name, value) => {
    expect(refusal(() => head([name, value]))).toBe(REFUSED);
  });

  it.each(['', 'a', '/a b', '/a\r\n', '/a\0', '/a?b', '/a#b', '/é'])('refuses the path %j', (path) => {
    expect(refusal(() => (head([]).path = path))).toBe(REFUSED);
  });

  it.each(['a', '?a b', '?a\n', '?a#b'])('refuses the query %j', (query) => {
    expect(refusal(() => (head([]).query = query))).toBe(REFUSED);
  });

  it('takes another path and query', () => {
    const outgoing = head([]);
    outgoing.path = '/other';
    outgoing.query = '';
    expect([outgoing.path, outgoing.query]).toEqual(['/other', '']);
  });

  it('cannot be changed once it is frozen', () => {
    const outgoing = head(['A', '1']);
    outgoing.freeze();
    outgoing.freeze();
    const changes = [
      () => (outgoing.path = '/x'),
      () => (outgoing.query = ''),
      () => outgoing.headers.set('B', '2'),
      () => outgoing.headers.append('B', '2'),
      () => outgoing.headers.delete('A'),
    ];
    for (const change of changes) expect(change).toThrow(TypeError);
    expect(outgoing.headers.raw).toEqual(['A', '1']);
  });
});

describe('OutgoingHeaders', () => {
  it('looks up without case and joins several values', () => {
    const { headers } = head(['X-A', '1', 'Cookie', 'a=1', 'x-a', '2', 'cookie', 'b=2']);
    expect(headers.get('x-A')).toBe('1, 2');
    expect(headers.get('COOKIE')).toBe('a=1; b=2');
    expect(headers.get('X_A')).toBeUndefined();
  });

  it('replaces every line of a name, also its spelling with an underscore', () => {
    const { headers } = head(['X-A', '1', 'X_A', '2', 'B', '3', 'x-a', '4']);
    headers.set('X-a', 'new');
    expect(headers.raw).toEqual(['B', '3', 'X-a', 'new']);
    headers.append('x-A', 'more');
    expect(headers.get('X-A')).toBe('new, more');
    headers.delete('X-A');
    expect(headers.raw).toEqual(['B', '3']);
  });

  it.each(['a\r\nb', 'a\n', 'a\0', '\u010d'])('refuses the value %j', (value) => {
    const { headers } = head([]);
    expect(refusal(() => headers.set('X-A', value))).toBe(REFUSED);
    expect(refusal(() => headers.append('X-A', value))).toBe(REFUSED);
    expect(headers.raw).toEqual([]);
  });

  it.each(['', 'X A', 'X:', 'X\r\n'])('refuses the name %j', (name) => {
    expect(() => head([]).headers.set(name, 'a')).toThrow(TypeError);
  });
});
