import { describe, expect, it } from 'vitest';

import { cookieValue } from '../src/cookie-value.js';

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
