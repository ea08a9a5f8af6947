import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import type { Rule } from '../../src/quota/counter.js';
import { MemoryStore } from '../../src/store/memory-store.js';

const rule: Rule = { limit: 2, periodMs: 1000, waitMs: 0 };

function store(maxKeys = 100): { readonly store: MemoryStore; readonly clock: FakeClock; readonly full: number[] } {
  const clock = new FakeClock(5000);
  const full: number[] = [];
  return {
    store: new MemoryStore({ clock, maxKeys: () => maxKeys, onFull: () => full.push(clock.now()) }),
    clock,
    full,
  };
}

describe('MemoryStore', () => {
  it('counts each key by itself and says when its window ends', () => {
    const { store: counters, clock } = store();
    expect(counters.hit('a', rule)).toEqual({ total: 1, resetMs: 1000, retryAfterMs: 0 });
    clock.advance(400);
    expect(counters.hit('a', rule)).toEqual({ total: 2, resetMs: 600, retryAfterMs: 0 });
    expect(counters.hit('a', rule)).toEqual({ total: 3, resetMs: 600, retryAfterMs: 600 });
    expect(counters.hit('b', rule)).toEqual({ total: 1, resetMs: 1000, retryAfterMs: 0 });
    counters.close();
  });

  it('forgets a counter a second after window and wait, as Ocelot does', () => {
    const { store: counters, clock } = store();
    const waiting: Rule = { limit: 1, periodMs: 1000, waitMs: 500 };
    counters.hit('a', waiting);
    clock.advance(2499);
    // Still kept, so Ocelot lets it wait.
    expect(counters.hit('a', waiting).retryAfterMs).toBe(500);
    clock.advance(2500);
    expect(counters.hit('a', waiting).total).toBe(1);
    counters.close();
  });

  it('sweeps what is over, and has no timer when nothing is kept', () => {
    const { store: counters, clock } = store();
    counters.hit('a', rule);
    counters.hit('b', { ...rule, periodMs: 60_000 });
    clock.advance(30_000);
    expect(counters.size).toBe(1);
    clock.advance(60_000);
    expect(counters.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('keeps no more than its most: the first one begun gives way, and that is told once between two sweeps', () => {
    const { store: counters, clock, full } = store(3);
    for (const key of ['a', 'b', 'c', 'd', 'e']) counters.hit(key, { ...rule, periodMs: 3_600_000 });
    expect(counters.size).toBe(3);
    expect(full).toEqual([5000]);
    clock.advance(30_000);
    counters.hit('f', rule);
    expect(full).toEqual([5000, 35_000]);
    counters.close();
    expect(clock.pending).toBe(0);
  });
});
