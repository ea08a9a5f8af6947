import { describe, expect, it } from 'vitest';

import { allowedHttp2Trailers, allowedTrailers } from '../src/trailers.js';

describe('allowedTrailers', () => {
  it('keeps names, values, order and duplicates', () => {
    expect(allowedTrailers(['X-Sum', '1', 'grpc-status', '0', 'X-Sum', '2'])).toEqual([
      ['X-Sum', '1'],
      ['grpc-status', '0'],
      ['X-Sum', '2'],
    ]);
    expect(allowedHttp2Trailers(['X-Sum', '1', 'X-Sum', '2'])).toEqual({ 'x-sum': '1, 2' });
  });

  it('drops what the head says already: a client says nothing once more that a stage wrote (S12)', () => {
    const head = ['X-User', 'alice', 'Accept', '*/*'];
    expect(allowedTrailers(['x-user', 'root', 'X_USER', 'root', 'X-Sum', '1'], head)).toEqual([['X-Sum', '1']]);
    expect(allowedHttp2Trailers(['x-user', 'root', 'X-Sum', '1'], head)).toEqual({ 'x-sum': '1' });
  });

  it.each([
    'Content-Length',
    'transfer-encoding',
    'HOST',
    'Authorization',
    'Proxy-Authorization',
    'Cookie',
    'Set-Cookie',
    'X-Forwarded-For',
    'X_Forwarded_For',
    'Forwarded',
    'Content-Type',
    'Trailer',
    'If-Match',
  ])('drops %s: whoever joined it to the head would believe it (RFC 9110 §6.5.1)', (name) => {
    expect(allowedTrailers([name, 'x'])).toEqual([]);
  });
});
