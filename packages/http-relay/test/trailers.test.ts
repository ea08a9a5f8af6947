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
