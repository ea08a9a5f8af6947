import { describe, expect, it } from 'vitest';

import { cookieValue, cookieValues, setCookieValue } from '../src/cookie-value.js';

describe('cookieValue', () => {
  it.each([
    ['a=1', '1'],
    ['x=0; a=1; b=2', '1'],
    ['x=0;a=1;b=2', '1'],
    [' a = 1 ', '1'],
    ['a=k=v==', 'k=v=='],
    ['A=1', '1'],
    ['a=1; a=2', '1'],
    ['a="1"', '"1"'],
    ['aa=1; xa=2', undefined],
    ['a', undefined],
    ['a=', undefined],
    ['=1; ;;', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads the cookie `a` of %j as %j (RFC 6265 §4.2.1)', (header, value) => {
    expect(cookieValue(header, 'a')).toBe(value);
  });
});

describe('cookieValues', () => {
  it('gives every value of a cookie, in order (RFC 6265 §5.4)', () => {
    expect(cookieValues('a=1; b=2; A=3; a=; a = 4 ', 'a')).toEqual(['1', '3', '4']);
  });

  it.each([undefined, '', 'b=1', 'a'])('gives none for %j', (header) => {
    expect(cookieValues(header, 'a')).toEqual([]);
  });
});

describe('setCookieValue', () => {
  it.each([
    [['Set-Cookie', 'a=1'], '1'],
    [['set-cookie', 'A=1; Path=/; a=2'], '1'],
    [['Set-Cookie', 'b=1', 'SET-COOKIE', ' a = k=v ; Secure'], 'k=v'],
    [['Set-Cookie', 'a=1', 'Set-Cookie', 'a=2', 'Set-Cookie', 'b=3'], '2'],
    [['Set-Cookie', 'a=1', 'Set-Cookie', 'a=; Max-Age=0'], undefined],
    [['Set-Cookie', 'a'], undefined],
    [['Cookie', 'a=1'], undefined],
    [['Set-Cookie'], undefined],
    [[], undefined],
  ])('reads the cookie `a` of an answer with %j as %j (RFC 6265 §5.3)', (headers, value) => {
    expect(setCookieValue(headers, 'a')).toBe(value);
  });
});
