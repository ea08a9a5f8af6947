import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isGatewayError } from '../../src/index.js';
import { hasDotSegment, readPath } from '../../src/routing/request-path.js';

const refused = (path: string): boolean => {
  try {
    readPath({ path, kind: 'upgrade' });
    return false;
  } catch (error) {
    return isGatewayError(error) && error.code === 'OCELOT_ERR_UPGRADE_INVALID' && error.status === 400;
  }
};

describe('readPath', () => {
  it.each([
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/b/..', '/a/'],
    ['/a/.', '/a/'],
    ['/..', '/'],
    ['/../../a', '/a'],
    ['/a/%2e%2E/b', '/b'],
    ['/a/.%2e/b', '/b'],
    ['/a//../b', '/a/b'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a/...', '/a/...'],
    ['/a/..b', '/a/..b'],
  ])('removes dot segments: %s is %s (RFC 3986 §5.2.4)', (path, expected) => {
    expect(readPath({ path, kind: 'upgrade' }).raw).toBe(expected);
  });

  it.each([
    '/a/..%2fb',
    '/a/..%5Cb',
    '/a/%2e%2e%2fb',
    '/a/x%2f..',
    '/a/x%2F%2e%2e%2Fy',
    '/a/..;/b',
    '/a/..;x=1/b',
    '/a/.;/b',
    '/a/..%3b/b',
  ])('refuses %s, which a backend that decodes more would climb with', (path) => {
    expect(refused(path)).toBe(true);
  });

  it.each(['/a\\b', '/a\\..\\b', '/a%00b', '/a#b', '/a b', '/a\tb', '/a\r\nb', '/é', '/a\u007f'])(
    'refuses %j',
    (path) => {
      expect(refused(path)).toBe(true);
    },
  );

  it.each([
    ['/a%28b%29', '/a(b)'],
    ['/%41%7e', '/A~'],
    ['/a%2fb', '/a%2Fb'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%20b', '/a%20b'],
    ['/a{b}|"', '/a%7Bb%7D%7C%22'],
    ['/a%zz%', '/a%25zz%25'],
    ['/a%25b', '/a%25b'],
    ['/a;b=1,2', '/a;b=1,2'],
  ])('compares %s as %s and keeps what came', (path, text) => {
    const read = readPath({ path, kind: 'upgrade' });
    expect(read).toMatchObject({ raw: path, text });
    expect(read.offsets?.at(-1) ?? path.length).toBe(path.length);
  });

  it('finds nothing left to remove or refuse in what it returns', () => {
    const piece = constantFrom('/', '.', '..', '%2e', '%2f', 'a', '%41', ';', '%', '{', '%5c', '%3B');
    assert(
      property(array(piece, { maxLength: 12 }), (pieces) => {
        const path = `/${pieces.join('')}`;
        if (refused(path)) return;
        const { raw } = readPath({ path, kind: 'upgrade' });
        expect(hasDotSegment(raw)).toBe(false);
        expect(readPath({ path: raw, kind: 'upgrade' }).raw).toBe(raw);
      }),
      { numRuns: 3_000 },
    );
  });
});
