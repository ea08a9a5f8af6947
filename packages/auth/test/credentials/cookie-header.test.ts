import { describe, expect, it } from 'vitest';

import { cookieValues, withoutCookie } from '../../src/credentials/cookie-header.js';

describe('cookieValues', () => {
  it.each([
    [undefined, []],
    ['a=1', []],
    ['session=x', ['x']],
    ['a=1; session=x; b=2', ['x']],
    ['session="x y"', ['x y']],
    ['session=a=b', ['a=b']],
    ['session', []],
    ['Session=x', []],
    ['session=x; session=y', ['x', 'y']],
    ['xsession=1;session = x ', ['x']],
  ])('finds in %j %j (RFC 6265 §5.4)', (header, values) => {
    expect(cookieValues(header, 'session').filter((value) => value !== '')).toEqual(values);
  });
});

describe('withoutCookie', () => {
  it.each([
    ['a=1; b="2"', 'a=1; b="2"'],
    ['session=x', undefined],
    ['session=x; a=1', 'a=1'],
    ['a=1; session=x', 'a=1'],
    ['a=1; session=x; b=2;c', 'a=1; b=2;c'],
    ['session=x; session=y', undefined],
  ])('makes of %j %j', (header, rest) => {
    expect(withoutCookie(header, 'session')).toBe(rest);
  });
});
