import { describe, expect, it } from 'vitest';

import { hostHeader, type Route, usesTls } from '../../src/index.js';
import { backendBaseUrl } from '../../src/routing/backend-url.js';
import { endpoint, route } from '../make-route.js';
import { request } from '../make-request.js';

const overTls = (tls: boolean) => request({ client: { address: '192.0.2.1', port: 1, tls } });

describe('usesTls', () => {
  it.each<[Route['scheme'], 'http' | 'https' | 'ws' | 'wss' | undefined, boolean, boolean]>([
    ['ws', 'wss', true, false],
    ['http', 'https', true, false],
    ['wss', 'ws', false, true],
    ['https', undefined, false, true],
    [undefined, 'https', false, true],
    [undefined, 'ws', true, false],
    [undefined, undefined, true, true],
    [undefined, undefined, false, false],
  ])('asks the route (%s), then the endpoint (%s), then the client (TLS %s): %s', (scheme, own, client, expected) => {
    const backend = endpoint(1, own === undefined ? {} : { scheme: own });
    expect(usesTls(route('/', { scheme }), backend, overTls(client))).toBe(expected);
  });
});

describe('backendBaseUrl', () => {
  it('speaks http for ws and https for wss', () => {
    expect(backendBaseUrl(route('/', { scheme: 'ws' }), endpoint(80), request())).toBe('http://127.0.0.1');
    expect(backendBaseUrl(route('/', { scheme: 'wss' }), endpoint(80), request())).toBe('https://127.0.0.1:80');
  });
});

describe('hostHeader', () => {
  it('is localhost for a Unix-domain socket', () => {
    expect(hostHeader(endpoint(0, { host: 'unix:/run/app.sock' }), false)).toBe('localhost');
  });
});
