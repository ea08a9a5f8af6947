import { describe, expect, it } from 'vitest';

import { TokenBucket } from '../../src/stream/token-bucket.js';

describe('TokenBucket', () => {
  it('lets a burst pass, then what comes in over time', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    expect([1, 1, 1, 1].map((amount) => bucket.take(amount, 0))).toEqual([0, 0, 0, 100]);
    expect(bucket.has(1, 100)).toBe(false);
    expect(bucket.has(1, 200)).toBe(true);
  });

  it('remembers a debt until it is paid back', () => {
    const bucket = new TokenBucket({ perSecond: 1000, burst: 500 }, 0);
    expect(bucket.take(10_500, 0)).toBe(10_000);
    expect(bucket.take(0, 4000)).toBe(6000);
    expect(bucket.take(0, 10_000)).toBe(0);
    expect(bucket.isFull(10_400)).toBe(false);
    expect(bucket.isFull(10_500)).toBe(true);
  });

  it('never holds more than its burst', () => {
    const bucket = new TokenBucket({ perSecond: 1000, burst: 5 }, 0);
    expect(bucket.has(6, 1e9)).toBe(false);
  });
});
