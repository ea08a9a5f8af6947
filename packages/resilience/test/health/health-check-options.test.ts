import { describe, expect, it } from 'vitest';

import { isExpected, parseStatusRange } from '../../src/health/health-check-options.js';

describe('parseStatusRange', () => {
  it.each([
    ['200', { from: 200, to: 200 }],
    ['200-299', { from: 200, to: 299 }],
    [' 401 - 403 ', { from: 401, to: 403 }],
  ])('reads %j', (text, range) => {
    expect(parseStatusRange(text)).toEqual(range);
  });

  it.each(['', 'ok', '99', '600', '299-200', '200-', '200,204'])('refuses %j', (text) => {
    expect(parseStatusRange(text)).toBeUndefined();
  });
});

describe('isExpected', () => {
  it('includes both ends of a range', () => {
    const ranges = [
      { from: 200, to: 299 },
      { from: 401, to: 401 },
    ];
    expect([199, 200, 299, 300, 401, 402].map((status) => isExpected(status, ranges))).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
  });
});
