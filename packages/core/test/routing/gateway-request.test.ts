import { describe, expect, it } from 'vitest';

import { isGatewayError, type Message } from '../../src/index.js';
import { createGatewayRequest, createUpgradeRequest } from '../../src/routing/gateway-request.js';

const client = { address: '192.0.2.1', port: 50_000, tls: false };

const make = (
  target: string,
  rawHeaders: readonly string[] = ['Host', 'example.com'],
  kind: 'upgrade' | 'http' = 'upgrade',
) => createGatewayRequest({ kind, method: 'GET', target, rawHeaders, client });

const refusal = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return isGatewayError(error) ? `${error.code} ${error.status}` : String(error);
  }
};
const REFUSED = 'OCELOT_ERR_UPGRADE_INVALID 400';
const REFUSED_PLAIN = 'OCELOT_ERR_REQUEST_INVALID 400';

describe('createGatewayRequest', () => {
  it.each([
    ['/a?b?c', '/a', '?b?c'],
    ['/a', '/a', ''],
    ['/a?', '/a', '?'],
    ['/%2e%2E/a%2fb?%zz', '/%2e%2E/a%2fb', '?%zz'],
    ['//evil.example/x', '//evil.example/x', ''],
    ['/@evil.example', '/@evil.example', ''],
    ['/http://evil.example/', '/http://evil.example/', ''],
    ['http://example.com/a?b', '/a', '?b'],
    ['WS://EXAMPLE.com', '/', ''],
    ['wss://example.com?x', '/', '?x'],
  ])('cuts the target %s into %s and "%s" (RFC 9112 §3.2)', (target, path, query) => {
    expect(make(target)).toMatchObject({ path, query, host: 'example.com' });
  });

  it.each([
    '',
    '*',
    'a',
    '@evil.example',
    'example.com:80',
    '?x',
    '\\a',
    '/a\\b',
    '/a b',
    '/a\tb',
    '/a\r\nX: y',
    '/a\0',
  ])('refuses the target %j', (target) => {
    expect(refusal(() => make(target))).toBe(REFUSED);
  });

  it.each([
    '/a#b',
    '/é',
    '/?é',
    '/?#',
    'ftp://example.com/',
    'file:///etc',
    'javascript:1',
    'http:/example.com/a',
    'http://example.com\\@evil/',
  ])('refuses the target %j', (target) => {
    expect(refusal(() => make(target))).toBe(REFUSED);
  });

  it('refuses an absolute target for another host than that of the Host header', () => {
    expect(refusal(() => make('http://evil.example/a'))).toBe(REFUSED);
    expect(refusal(() => make('http://user@example.com/a'))).toBe(REFUSED);
    expect(refusal(() => make('http://user@example.com/a', [], 'http'))).toBe(REFUSED_PLAIN);
  });

  it.each([
    ['Example.COM', 'example.com'],
    ['example.com:8080', 'example.com'],
    ['example.com.', 'example.com'],
    ['10.0.0.1:80', '10.0.0.1'],
    ['[2001:DB8::1]:80', '[2001:db8::1]'],
    ['[::1]', '[::1]'],
    ['', ''],
  ])('reads the host of "%s" as "%s"', (header, host) => {
    expect(make('/', ['Host', header])).toMatchObject({ host, authority: header });
  });

  it.each(['a b', 'a/b', 'a@b', 'a,b', 'a:b', 'a:99999', '[::1', '[x]', '::1', ':80', 'a\u0000'])(
    'refuses the Host header %j (RFC 9110 §7.2)',
    (header) => {
      expect(refusal(() => make('/', ['Host', header]))).toBe(REFUSED);
    },
  );

  it('refuses two Host headers, whatever their case (RFC 9112 §3.2)', () => {
    expect(refusal(() => make('/', ['Host', 'a', 'HOST', 'a']))).toBe(REFUSED);
  });

  it('refuses an upgrade without a Host header (RFC 6455 §4.2.1), but not a plain request', () => {
    expect(refusal(() => make('/', []))).toBe(REFUSED);
    expect(make('/', [], 'http')).toMatchObject({ host: '', authority: '' });
  });

  it.each<[string, string, readonly string[]]>([
    ['a blank in the target', '/a b', []],
    ['the target of OPTIONS *, which is no path', '*', []],
    ['the target of CONNECT', 'example.com:443', []],
    ['a backslash', '/a\\b', []],
    ['two Host headers', '/', ['Host', 'a', 'host', 'a']],
    ['a Host header that is none', '/', ['Host', 'a/b']],
    ['a target and a Host header that differ', 'http://a/', ['Host', 'b']],
  ])('calls it an invalid request where it is no upgrade: %s', (_, target, rawHeaders) => {
    expect(refusal(() => make(target, rawHeaders, 'http'))).toBe(REFUSED_PLAIN);
    expect(refusal(() => make(target, rawHeaders))).toBe(REFUSED);
  });

  it('joins values of one header in their order, those of Cookie by a semicolon (RFC 9110 §5.3)', () => {
    const request = make('/', ['Host', 'a', 'X-A', '1', 'cookie', 'p=1', 'x-a', '2', 'Cookie', 'q=2']);
    expect(request.header('x-A')).toBe('1, 2');
    expect(request.header('COOKIE')).toBe('p=1; q=2');
    expect(request.header('absent')).toBeUndefined();
    expect(request.header('__proto__')).toBeUndefined();
  });
});

describe('createUpgradeRequest', () => {
  it('adds key, subprotocols and extensions to a request', () => {
    const plain = make('/chat?x=1', ['Host', 'a', 'X-A', '1']);
    const upgrade = createUpgradeRequest(plain, { key: 'k', protocols: ['p'], extensions: undefined });
    expect(upgrade).toMatchObject({ kind: 'upgrade', path: '/chat', query: '?x=1', key: 'k', protocols: ['p'] });
    expect(upgrade.header('x-a')).toBe('1');
  });

  it('lets a stage wait for the first message where the relay can', async () => {
    const plain = make('/chat', ['Host', 'a']);
    const handshake = { key: 'k', protocols: [], extensions: undefined };
    expect('firstMessage' in createUpgradeRequest(plain, handshake)).toBe(false);
    const message: Message = { type: 'text', data: new Uint8Array() };
    const waiting = createUpgradeRequest(plain, { ...handshake, firstMessage: () => Promise.resolve(message) });
    const options = { subprotocol: undefined, timeoutMs: 1, maxBytes: 1, forward: false };
    expect(await waiting.firstMessage?.(options)).toBe(message);
  });
});
