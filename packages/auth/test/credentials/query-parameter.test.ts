import { describe, expect, it } from 'vitest';

import { queryValues, withoutQueryParameter } from '../../src/credentials/query-parameter.js';

describe('queryValues', () => {
  it.each([
    ['', []],
    ['?', []],
    ['?a=1', []],
    ['?access_token=x', ['x']],
    ['?a=1&access_token=x&b', ['x']],
    ['?access_token=', ['']],
    ['?access_token', ['']],
    ['?access%5Ftoken=x%2By', ['x+y']],
    ['?access_token=a+b', ['a b']],
    ['?access_token=x&access_token=y', ['x', 'y']],
    ['?Access_Token=x', []],
    ['?access_token=%zz', ['%zz']],
    ['?access_token=a=b', ['a=b']],
    ['?my_access_token=x', []],
  ])('finds in %j %j', (query, values) => {
    expect(queryValues(query, 'access_token')).toEqual(values);
  });
});

describe('withoutQueryParameter', () => {
  it.each([
    ['', ''],
    ['?', '?'],
    ['?a=1', '?a=1'],
    ['?access_token=x', ''],
    ['?access_token=x&a=1', '?a=1'],
    ['?a=1&access_token=x', '?a=1'],
    ['?a=%2f&access_token=x&&b=+%zz&a=%2f', '?a=%2f&&b=+%zz&a=%2f'],
    ['?access%5Ftoken=x&a', '?a'],
    ['?access_token=x&access_token=y&z', '?z'],
  ])('makes of %j %j, byte for byte', (query, rest) => {
    expect(withoutQueryParameter(query, 'access_token')).toBe(rest);
  });
});
