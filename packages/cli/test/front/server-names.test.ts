import { describe, expect, it } from 'vitest';

import { ServerNames } from '../../src/front/server-names.js';

const names = new ServerNames([
  [['example.com', '*.example.com'], 'any'],
  [['api.example.com', 'api.example.net'], 'api'],
  [['*.api.example.com', 'example.com'], 'deep'],
]);

describe('ServerNames', () => {
  it.each([
    ['example.com', 'any'],
    ['www.example.com', 'any'],
    ['api.example.com', 'api'],
    ['API.Example.NET', 'api'],
    ['v1.api.example.com', 'deep'],
    ['www.example.com.', 'any'],
    ['a.b.example.com', undefined],
    ['.example.com', undefined],
    ['com', undefined],
    ['', undefined],
  ])('finds for %j: %s (RFC 9525 §6.3)', (asked, found) => {
    expect(names.find(asked)).toBe(found);
  });
});
