// Attack: request lines, hosts and header sections of odd forms, to reach another host, or past what was checked.
// Action: a client sends them byte for byte on plain HTTP/1.
// Expected: one answer for each; what is forwarded goes to the route's backend, in origin form, and says what was asked.
import { describe, expect, it } from 'vitest';

import { httpStand } from './http-stand.js';

const subject = httpStand();

const CLOSE = 'Connection: close\r\n\r\n';

describe('a request line that is none (RFC 9112 §3)', () => {
  it.each([
    ['HTTP/0.9', (target: string) => `GET ${target}\r\n\r\n`],
    ['a blank within the target', (target: string) => `GET ${target} b HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a tab instead of a blank', (target: string) => `GET\t${target}\tHTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a blank before the method', (target: string) => ` GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a bare LF at its end', (target: string) => `GET ${target} HTTP/1.1\nHost: a\r\n\r\n`],
    ['a bare CR at its end', (target: string) => `GET ${target} HTTP/1.1\rHost: a\r\n\r\n`],
    ['a version in small letters', (target: string) => `GET ${target} http/1.1\r\nHost: a\r\n\r\n`],
    ['HTTP/2.0', (target: string) => `GET ${target} HTTP/2.0\r\nHost: a\r\n\r\n`],
    ['HTTP/1.2', (target: string) => `GET ${target} HTTP/1.2\r\nHost: a\r\n\r\n`],
    ['a method that is no token', (target: string) => `G(T ${target} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['a NUL in the target', (target: string) => `GET ${target}\0 HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['the preface of HTTP/2 (RFC 9113 §3.4)', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
  ])('is refused: %s', async (_what, bytes) => {
    const target = subject.target();
    const { statuses } = await subject.exchange(bytes(target));
    expect(statuses).toHaveLength(1);
    expect([400, 405, 505]).toContain(statuses[0]);
    expect(subject.backend.saw(target)).toBe(false);
  });
});

describe('the target of a request (RFC 9112 §3.2, S14)', () => {
  it.each([
    ['//evil.test/x', [404]],
    ['/\\evil.test', [400, 404]],
    ['http:evil.test', [400]],
    ['http//evil.test', [400]],
    ['evil.test:80', [400]],
    ['*', [400, 404]],
    ['/http/a\\b', [400]],
    ['/http/a%00b', [400, 404]],
    ['/http/../../x', [400, 404]],
    ['/http/%2e%2e/x', [400, 404]],
    ['#fragment', [400]],
  ])('%s reaches no other host', async (target, allowed) => {
    const { statuses } = await subject.exchange(`GET ${target} HTTP/1.1\r\nHost: gateway.test\r\n${CLOSE}`);
    expect(statuses).toHaveLength(1);
    expect(allowed).toContain(statuses[0]);
  });

  it('in absolute form is its path, for the backend of the route, or is refused', async () => {
    const target = subject.target();
    const { statuses } = await subject.exchange(
      `GET http://evil.test${target} HTTP/1.1\r\nHost: gateway.test\r\n${CLOSE}`,
    );
    expect(statuses).toHaveLength(1);
    if (statuses[0] !== 200) expect(statuses[0]).toBe(400);
    else expect((await subject.backend.recording(target)).head.target).toBe(target);
  });

  it('is forwarded as it came, encoded bytes and all', async () => {
    const target = `${subject.target()}%41%2Fb;c=d,e+f~!$'()*:@?q=%20`;
    const { statuses } = await subject.exchange(`GET ${target} HTTP/1.1\r\nHost: gateway.test\r\n${CLOSE}`);
    expect(statuses).toEqual([200]);
    expect((await subject.backend.recording(target.slice(0, 10))).head.target).toBe(target);
  });

  it.each(['TRACE', 'OPTIONS', 'PROPFIND', 'M-SEARCH', 'PURGE'])(
    'may be asked for by %s, as any method',
    async (method) => {
      const target = subject.target();
      const { statuses } = await subject.exchange(`${method} ${target} HTTP/1.1\r\nHost: gateway.test\r\n${CLOSE}`);
      expect(statuses).toEqual([200]);
      expect((await subject.backend.recording(target)).head.method).toBe(method);
    },
  );

  it.each(['BREW', 'get', 'GET\x7f'])('may not be asked for by %j, which the parser does not know', async (method) => {
    const target = subject.target();
    const { statuses } = await subject.exchange(`${method} ${target} HTTP/1.1\r\nHost: gateway.test\r\n${CLOSE}`);
    expect(statuses).toEqual([400]);
    expect(subject.backend.saw(target)).toBe(false);
  });

  it('of OPTIONS for everything (*) is nobody’s: it is refused', async () => {
    const { statuses } = await subject.exchange(`OPTIONS * HTTP/1.1\r\nHost: gateway.test\r\n${CLOSE}`);
    expect([400, 404]).toContain(statuses[0]);
  });

  it('of CONNECT is no way out: 405', async () => {
    const { statuses, text } = await subject.exchange('CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n');
    expect(statuses).toEqual([405]);
    expect(text).toMatch(/^Allow: /im);
  });
});

describe('Host (RFC 9112 §3.2)', () => {
  it.each([
    ['missing', ''],
    ['twice', 'Host: gateway.test\r\nHost: evil.test\r\n'],
    ['twice the same', 'Host: gateway.test\r\nHost: gateway.test\r\n'],
    ['with a user', 'Host: gateway.test@evil.test\r\n'],
    ['with a path', 'Host: gateway.test/evil\r\n'],
    ['with a blank', 'Host: gateway test\r\n'],
    ['that is a list', 'Host: gateway.test, evil.test\r\n'],
  ])('is refused with 400 when it is %s', async (_what, lines) => {
    const target = subject.target();
    const { statuses } = await subject.exchange(`GET ${target} HTTP/1.1\r\n${lines}${CLOSE}`);
    expect(statuses).toEqual([400]);
    expect(subject.backend.saw(target)).toBe(false);
  });

  it('may be missing in HTTP/1.0, and not be there twice', async () => {
    const target = subject.target();
    expect((await subject.exchange(`GET ${target} HTTP/1.0\r\n\r\n`)).statuses).toEqual([200]);
    expect((await subject.backend.recording(target)).head.get('host')).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await subject.exchange(`GET ${target} HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n`)).statuses).toEqual([400]);
  });

  it.each(['[2001:db8::1]:5000', '[::1]', 'gateway.test:80', 'GATEWAY.test'])(
    'of the form %s is told to the backend',
    async (host) => {
      const target = subject.target();
      expect((await subject.exchange(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${CLOSE}`)).statuses).toEqual([200]);
      expect((await subject.backend.recording(target)).head.get('x-forwarded-host')).toBe(host);
    },
  );
});

describe('the size of a head (RFC 9110 §15.5.15, RFC 6585 §5)', () => {
  it.each([
    ['1,001 headers', 'X-A: a\r\n'.repeat(1_000)],
    ['one header of 70 KB', `X-A: ${'a'.repeat(70_000)}\r\n`],
    ['many headers of 70 KB', `X-A: ${'a'.repeat(1_000)}\r\n`.repeat(70)],
  ])('is refused with 431 when it holds %s', async (_what, lines) => {
    const target = subject.target();
    const { statuses } = await subject.exchange(`GET ${target} HTTP/1.1\r\nHost: gateway.test\r\n${lines}\r\n`);
    expect(statuses).toEqual([431]);
    expect(subject.backend.saw(target)).toBe(false);
  });

  it('is refused when its target has 70 KB', async () => {
    const target = subject.target();
    const { statuses } = await subject.exchange(`GET ${target}${'a'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect([414, 431]).toContain(statuses[0]);
    expect(subject.backend.saw(target)).toBe(false);
  });

  it('may be large: 40 KB of cookies and a query reach the backend (S9)', async () => {
    const target = subject.target();
    const cookie = `a=${'b'.repeat(40_000)}`;
    const bytes = `GET ${target}?t=${'q'.repeat(10_000)} HTTP/1.1\r\nHost: gateway.test\r\nCookie: ${cookie}\r\n${CLOSE}`;
    expect((await subject.exchange(bytes)).statuses).toEqual([200]);
    expect((await subject.backend.recording(target)).head.get('cookie')).toBe(cookie);
  });
});

describe('Expect (RFC 9110 §10.1.1)', () => {
  const upload = (target: string, expect_: string): string =>
    `POST ${target} HTTP/1.1\r\nHost: gateway.test\r\nExpect: ${expect_}\r\nContent-Length: 5\r\n${CLOSE}`;

  it('of 100-continue brings the body to the backend, with or without an interim answer', async () => {
    const target = subject.target();
    const { statuses } = await subject.exchange(`${upload(target, '100-continue')}hello`);
    expect(statuses.filter((status) => status !== 100)).toEqual([200]);
    expect((await subject.backend.recording(target)).body).toBe('hello');
  });

  it('of anything else is answered with 417', async () => {
    const target = subject.target();
    expect((await subject.exchange(`${upload(target, 'miracles')}hello`)).statuses).toEqual([417]);
    expect(subject.backend.saw(target)).toBe(false);
  });
});

describe('an offer to upgrade to what is no WebSocket (S3, RFC 9110 §7.8)', () => {
  const probe = (target: string, offer: string, more = 'Connection: Upgrade, HTTP2-Settings, close\r\n\r\n'): string =>
    `GET ${target} HTTP/1.1\r\nHost: gateway.test\r\nUpgrade: ${offer}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n${more}`;

  it.each(['h2c', 'TLS/1.0', 'HTTP/2.0, SHTTP/1.3', 'h2c\r\nUpgrade: TLS/1.0', 'websocket2', 'websocket/13'])(
    'is served as the request it also is: %s',
    async (offer) => {
      const target = subject.target();
      expect((await subject.exchange(probe(target, offer))).statuses).toEqual([200]);
      const { head } = await subject.backend.recording(target);
      expect(head.get('upgrade')).toBeUndefined();
      expect(head.get('http2-settings')).toBeUndefined();
      expect(head.get('connection') ?? '').not.toMatch(/upgrade|settings/i);
    },
  );

  it('is served with its body, and what it says inside is no request', async () => {
    const [target, secret] = [subject.target(), subject.target()];
    const body = `GET ${secret} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const more = `Content-Length: ${body.length}\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\r\n${body}`;
    const { statuses } = await subject.exchange(probe(target, 'h2c', more).replace('GET', 'POST'));
    expect(statuses).toEqual([200]);
    expect((await subject.backend.recording(target)).body).toBe(body);
  });

  it.each([
    ['no route', '/nowhere/1-', 404],
    ['a blocked client', '/blocked/1-', 403],
  ])('is refused as any request is, and nothing behind it is tunnelled: %s', async (_what, target, status) => {
    const secret = subject.target();
    const { statuses } = await subject.exchange(`${probe(target, 'h2c')}GET ${secret} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(statuses).toEqual([status]);
    expect(subject.backend.saw(secret)).toBe(false);
  });

  it('keeps its framing rules: a length and chunks are refused', async () => {
    const target = subject.target();
    const more = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: Upgrade\r\n\r\n0\r\n\r\n';
    expect((await subject.exchange(probe(target, 'h2c', more))).statuses).toEqual([400]);
    expect(subject.backend.saw(target)).toBe(false);
  });
});
