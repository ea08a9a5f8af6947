import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { SharedBuckets } from '../../src/stream/shared-buckets.js';

describe('SharedBuckets', () => {
  const rate = { perSecond: 1, burst: 10 };

  it('gives all users of a key one bucket', () => {
    const buckets = new SharedBuckets(new FakeClock());
    const [first, second] = [buckets.acquire('a', rate), buckets.acquire('a', rate)];
    expect(first.bucket).toBe(second.bucket);
    expect(buckets.acquire('b', rate).bucket).not.toBe(first.bucket);
  });

  it('forgets a full bucket with its last user, and keeps one in debt until it is full again', () => {
    const clock = new FakeClock();
    const buckets = new SharedBuckets(clock);
    buckets.acquire('idle', rate).release();
    expect(buckets.size).toBe(0);
    const share = buckets.acquire('busy', rate);
    share.bucket.take(15, clock.now());
    share.release();
    clock.advance(10_000);
    // A client that connects anew finds what it left behind.
    const again = buckets.acquire('busy', rate);
    expect(again.bucket).toBe(share.bucket);
    again.release();
    clock.advance(10_000);
    expect(buckets.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('keeps a bounded number of buckets without users: the oldest give way', () => {
    const clock = new FakeClock();
    const buckets = new SharedBuckets(clock, 2);
    const shares = ['a', 'b', 'c'].map((key) => buckets.acquire(key, rate));
    for (const share of shares) {
      share.bucket.take(20, 0);
      share.release();
    }
    expect(buckets.size).toBe(2);
    expect(buckets.acquire('c', rate).bucket).toBe(shares[2]?.bucket);
    expect(buckets.acquire('a', rate).bucket).not.toBe(shares[0]?.bucket);
    buckets.close();
    expect(clock.pending).toBe(0);
  });
});
