import { describe, expect, it } from 'vitest';

import { queryValue } from '../src/query-value.js';

describe('queryValue', () => {
  it.each([
    ['?id=7', '7'],
    ['?a=1&id=7&id=8', '7'],
    ['?id=a%20b', 'a b'],
    ['?id=a+b', 'a b'],
    ['?%69d=7', '7'],
    ['?id=%zz', '%zz'],
    ['?id=a=b', 'a=b'],
    ['?id=%C3%A4', 'ä'],
    ['?ID=7', undefined],
    ['?xid=7', undefined],
    ['?id', undefined],
    ['?id=', undefined],
    ['?', undefined],
    ['', undefined],
  ])('reads `id` of %j as %j', (query, value) => {
    expect(queryValue(query, 'id')).toBe(value);
  });
});
