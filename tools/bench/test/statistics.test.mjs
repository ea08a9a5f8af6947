import { describe, expect, it } from 'vitest';

import { median, pairedRatios, quantile, summarize } from '../statistics.mjs';

describe('quantile', () => {
  it('takes the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it('takes the mean of the two middle values of an even count', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('interpolates between ranks', () => {
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([10, 20], 0.25)).toBe(12.5);
  });

  it('is not a number without values', () => {
    expect(median([])).toBeNaN();
  });
});

describe('summarize', () => {
  it('tells median, quartiles, extremes and count, and leaves the values as they were', () => {
    const values = [5, 1, 4, 2, 3];
    expect(summarize(values)).toEqual({ median: 3, q1: 2, q3: 4, min: 1, max: 5, count: 5 });
    expect(values).toEqual([5, 1, 4, 2, 3]);
  });
});

describe('pairedRatios', () => {
  it('divides the values of the same round', () => {
    const ours = [
      { round: 1, value: 6 },
      { round: 0, value: 1 },
    ];
    const theirs = [
      { round: 0, value: 2 },
      { round: 1, value: 3 },
    ];
    expect(pairedRatios(ours, theirs)).toEqual([2, 0.5]);
  });

  it('leaves out a round that one side lacks, or that cost nothing', () => {
    const ours = [0, 1, 2].map((round) => ({ round, value: 1 }));
    expect(
      pairedRatios(ours, [
        { round: 0, value: 0 },
        { round: 2, value: 4 },
      ]),
    ).toEqual([0.25]);
  });
});
