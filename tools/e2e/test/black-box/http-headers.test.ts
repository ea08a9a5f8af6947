// Situation: a client writes whatever headers it likes into a plain request of HTTP/1.1.
// Action: the gateway makes the request for the backend out of them, and an answer for the client out of the backend's.
// Expected: end-to-end headers pass both ways, hop-by-hop ones do not, and nobody forges or strips what the gateway adds.
import type { RawHead } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand, type Stand } from './stand.js';

const subject = stand((port) => ({ Routes: [route('/ws/{everything}', port)] }));

const behindProxy = stand((port) => ({
  Routes: [route('/ws/{everything}', port)],
  GlobalConfiguration: { Gateway: { TrustedProxies: ['127.0.0.0/8'] } },
}));

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

interface Exchanged {
  readonly request: RawHead;
  readonly response: RawHead;
  readonly body: string;
}

/** Sends a GET with these header lines; the backend answers with these bytes. */
async function exchange(lines: string, answer = OK, where: Stand = subject): Promise<Exchanged> {
  const target = where.target();
  const client = await where.connect();
  client.send(
    Buffer.from(`GET ${target} HTTP/1.1\r\nHost: gateway.test\r\n${lines === '' ? '' : `${lines}\r\n`}\r\n`, 'latin1'),
  );
  const { connection, head } = await where.backend.call(target);
  connection.send(answer);
  connection.end();
  const response = await client.readHead();
  const body = (await client.readBody(response)).toString();
  client.destroy();
  return { request: head, response, body };
}

describe('a plain request', () => {
  it('keeps end-to-end headers in order, with their values and duplicates (RFC 9110 §5.3)', async () => {
    const lines = [
      'X-First: 1',
      'x-many: a',
      'X-Many: b, c',
      'X-Empty:',
      'X-Bytes: a\u00e4\u00ff',
      'Origin: https://app.test',
    ];
    const { request } = await exchange(lines.join('\r\n'));
    const names = new Set(['x-first', 'x-many', 'x-empty', 'x-bytes', 'origin']);
    const kept = request.headers.filter(([name]) => names.has(name.toLowerCase()));
    expect(kept.map(([name, value]) => `${name}: ${value}`.trim().toLowerCase())).toEqual(
      lines.map((line) => line.toLowerCase()),
    );
  });

  it('loses what belongs to its hop, and what Connection names (RFC 9110 §7.6.1, S12)', async () => {
    const hop = 'Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nX-Private: 1\r\nX-Kept: 1';
    const { request } = await exchange(`Connection: x-PRIVATE, Keep-Alive\r\n${hop}`);
    for (const name of ['keep-alive', 'proxy-connection', 'x-private']) expect(request.all(name)).toEqual([]);
    expect(request.all('x-kept')).toEqual(['1']);
  });

  // Attack: CVE-2026-33805, CVE-2025-48865, CVE-2021-32813: Connection names what the proxy adds.
  it('cannot strip what the gateway adds by naming it in Connection (S12)', async () => {
    const { request } = await exchange('Connection: X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Host');
    expect(request.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(request.all('x-forwarded-host')).toEqual(['gateway.test']);
    expect(request.all('x-forwarded-proto')).toEqual(['http']);
    expect(request.all('host')).toHaveLength(1);
  });

  // Attack: CVE-2026-3635, CVE-2025-64484: forwarded headers of strangers, also with other letters.
  it('of a stranger is not believed what a proxy says, in no spelling (S13)', async () => {
    const forged = ['X-Forwarded-For: 203.0.113.9', 'X_Forwarded_For: 203.0.113.9', 'X-Forwarded_Host: evil.test'];
    const more = ['x-forwarded-proto: https', 'X-FORWARDED-HOST: evil.test', 'X-Client-Cert-Subject: CN=evil'];
    const { request } = await exchange([...forged, ...more].join('\r\n'));
    expect(request.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(request.all('x-forwarded-proto')).toEqual(['http']);
    expect(request.headers.filter(([name, value]) => name.includes('_') || /evil|203\.0/.test(value))).toEqual([]);
  });

  it('of a trusted proxy is gone on with (S13)', async () => {
    const lines = 'X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https';
    const { request } = await exchange(lines, OK, behindProxy);
    expect(request.all('x-forwarded-for').join(', ')).toBe('203.0.113.9, 127.0.0.1');
    expect(request.all('x-forwarded-proto').join(', ')).toMatch(/^https/);
  });

  it.each([
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__'],
    ['TLS/1.0', 'Connection: Upgrade\r\nUpgrade: TLS/1.0'],
    ['several protocols', 'Connection: Upgrade\r\nUpgrade: foo/2, bar'],
  ])('that offers an upgrade to %s is served as the request it also is (RFC 9110 §7.8, S3)', async (_what, lines) => {
    const { request, response, body } = await exchange(lines);
    for (const name of ['upgrade', 'http2-settings']) expect(request.all(name)).toEqual([]);
    expect([response.status, body]).toEqual([200, 'ok']);
  });
});

describe('an answer to a plain request', () => {
  it('keeps its end-to-end headers and cookies, and loses those of its hop (S12)', async () => {
    const lines = 'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Kept: 1\r\nKeep-Alive: timeout=77\r\nX-Private: 1';
    const { response } = await exchange(
      '',
      `HTTP/1.1 200 OK\r\n${lines}\r\nConnection: X-Private, close\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(response.all('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(response.all('x-kept')).toEqual(['1']);
    expect(response.all('x-private')).toEqual([]);
    expect(response.all('keep-alive').join()).not.toContain('77');
  });

  it('that switches protocols, to a request that offered others, is 502 (S3, S7)', async () => {
    const offer = 'Connection: Upgrade\r\nUpgrade: h2c';
    const { response } = await exchange(
      offer,
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    );
    expect(response.status).toBe(502);
  });
});
