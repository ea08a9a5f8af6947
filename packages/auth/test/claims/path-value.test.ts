import { describe, expect, it } from 'vitest';

import { pathValue } from '../../src/claims/path-value.js';

describe('pathValue', () => {
  it.each([
    ['user-7', 'user-7'],
    ['a/b', 'a%2Fb'],
    ['a?b#c', 'a%3Fb%23c'],
    ['%2e%2e', '%252e%252e'],
    ['Žofie', '%C5%BDofie'],
    ['...', '...'],
  ])('writes %s as one segment', (claim, expected) => {
    expect(pathValue(claim, 'sub')).toBe(expected);
  });

  it.each(['', '.', '..', '../admin', 'a/../../admin', 'a\\..\\b', 'a\r\nb', '\u0000', '\ud800'])(
    'refuses %j: no claim leads out of the path',
    (claim) => {
      expect(() => pathValue(claim, 'sub')).toThrow(expect.objectContaining({ code: 'OCELOT_ERR_FORBIDDEN' }));
    },
  );
});
