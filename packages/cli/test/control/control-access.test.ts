import { describe, expect, it } from 'vitest';

import { controlAccess } from '../../src/control/control-access.js';

const TOKEN = 'c0ffee-c0ffee-c0ffee';
const status = (
  headers: Record<string, string>,
  { token, host = '127.0.0.1', path = '/metrics' }: { token?: string; host?: string; path?: string } = {},
): number =>
  controlAccess({ host, port: 1, token }).refusal(path, { host: '127.0.0.1:9000', ...headers })?.status ?? 200;

describe('controlAccess', () => {
  it('lets whoever is on this machine call when there is no token', () => {
    expect(status({})).toBe(200);
  });

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('refuses what a web page sends: %j', (headers) => {
    expect(status(headers)).toBe(403);
    expect(status({ ...headers, authorization: `Bearer ${TOKEN}` }, { token: TOKEN })).toBe(403);
  });

  it('lets a person type the address into a browser', () => {
    expect(status({ 'sec-fetch-site': 'none' })).toBe(200);
  });

  it.each(['evil.example', 'evil.example:9000', '127.0.0.1.evil.example', 'localhost.evil.example', ''])(
    'refuses the name %j, which a foreign name server may have pointed here (DNS rebinding)',
    (host) => {
      expect(status({ host })).toBe(403);
    },
  );

  it.each(['localhost:9000', 'LOCALHOST', '127.0.0.1', '[::1]:9000', '10.1.2.3:9000'])(
    'answers to the host %j',
    (host) => {
      expect(status({ host })).toBe(200);
    },
  );

  it('answers to a probe that names no host (HTTP/1.0), which no browser does', () => {
    expect(controlAccess({ host: '127.0.0.1', port: 1, token: undefined }).refusal('/health', {})).toBeUndefined();
  });

  it('answers to the name that it was given, and to any on a Unix-domain socket', () => {
    expect(status({ host: 'Admin.internal:1' }, { host: 'admin.internal' })).toBe(200);
    expect(status({ host: 'whatever' }, { host: 'unix:/run/c.sock' })).toBe(200);
  });

  it.each(['', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN, 'Bearer', 'Bearer  '])(
    'wants the token, not %j (RFC 6750 §2.1)',
    (authorization) => {
      expect(status({ authorization }, { token: TOKEN })).toBe(401);
    },
  );

  it('takes the token whatever the case of its scheme, and any host then', () => {
    expect(status({ authorization: `bearer ${TOKEN}`, host: 'gateway.internal' }, { token: TOKEN })).toBe(200);
  });

  it.each(['/health', '/ready'])('answers %s without the token: probes carry none', (path) => {
    expect(status({ host: 'pod.internal' }, { token: TOKEN, path })).toBe(200);
  });

  it('wants the token for the list of calls', () => {
    expect(status({}, { token: TOKEN, path: '/' })).toBe(401);
  });
});
