import { testRequest } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { readHashKey } from '../src/hash-key.js';

const request = testRequest({
  path: '/rooms/7',
  query: '?id=q',
  headers: { cookie: 'sid=c', 'x-user': ' h ', 'x-empty': ' ' },
});

describe('readHashKey', () => {
  it.each([
    ['query:id', 'q'],
    ['query:other', undefined],
    ['header:X-User', 'h'],
    ['header:X-Empty', undefined],
    ['header:X-Other', undefined],
    ['cookie:sid', 'c'],
    ['cookie:other', undefined],
    ['path', '/rooms/7'],
    ['address', '192.0.2.9'],
    [' Query : id ', 'q'],
    ['ADDRESS', '192.0.2.9'],
    ['cookie:other, header:X-User, address', 'h'],
    ['cookie:other,query:other', undefined],
  ])('takes of a request what %j names: %j', (text, key) => {
    expect(readHashKey(text)(request, '192.0.2.9')).toBe(key);
  });

  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:DB8::1', '2001:db8:0:0'],
    ['2001:0db8:0000:0002::1', '2001:db8:0:2'],
    ['::1', '0:0:0:0'],
    ['1::', '1:0:0:0'],
    ['fe80::1:2:3:4:5', 'fe80:0:0:1'],
  ])('takes the first 64 bits of %s, since the others do not stay with a client (RFC 8981)', (address, key) => {
    expect(readHashKey('address')(request, address)).toBe(key);
  });

  it('has no key for a client without an address', () => {
    expect(readHashKey('address')(request, '')).toBeUndefined();
  });

  it.each(['query', 'query:', 'cookie', 'host', 'path:x', 'address:1', 'cookie:a,'])(
    'refuses %j and says what it may be',
    (text) => {
      expect(() => readHashKey(text)).toThrow('HashOn must be query:NAME, header:NAME, cookie:NAME, path or address');
    },
  );
});
