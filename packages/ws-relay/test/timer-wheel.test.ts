import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { nextLookMs, type Timed, TimerWheel } from '../src/timer-wheel.js';

/** Something that is looked at, and remembers when. */
function member(next: (nowMs: number) => number = () => Infinity): Timed & { readonly seen: number[] } {
  const seen: number[] = [];
  return {
    dueMs: Infinity,
    place: 0,
    seen,
    sweep(nowMs) {
      seen.push(nowMs);
      return next(nowMs);
    },
  };
}

function wheel() {
  const clock = new FakeClock();
  return { clock, wheel: new TimerWheel(clock) };
}

describe('TimerWheel', () => {
  it('looks at all its members with one timer', () => {
    const { clock, wheel: sut } = wheel();
    const members = Array.from({ length: 1000 }, () => member());
    members.forEach((one, index) => sut.set(one, 100 + index * 7));
    expect(clock.pending).toBe(1);
    clock.advance(9000);
    expect(members.every(({ seen }) => seen.length === 1)).toBe(true);
    expect([clock.pending, sut.size]).toEqual([0, 0]);
  });

  it.each([1, 10, 50, 300, 1000, 5000, 60_000, 86_400_000])(
    'looks after %i ms: never too early, and at most an eighth (8 ms, 1.1 s) too late',
    (delayMs) => {
      const { clock, wheel: sut } = wheel();
      clock.advance(123.456);
      const one = member();
      const atMs = clock.now() + delayMs;
      sut.set(one, atMs);
      clock.advance(delayMs * 2 + 16);
      const lateMs = (one.seen[0] ?? 0) - atMs;
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThanOrEqual(Math.min(1100, Math.max(8, delayMs / 8)));
    },
  );

  // Node 24 warns of a timer in the past.
  it('asks for no timer in the past, however long a look takes', () => {
    const asked: number[] = [];
    let nowMs = 0;
    let fire: () => void = () => {};
    const slow = new TimerWheel({
      now: () => nowMs,
      setTimer(ms, then) {
        asked.push(ms);
        fire = then;
        return { clear: () => {} };
      },
    });
    slow.set(
      member(() => {
        nowMs += 500;
        return Infinity;
      }),
      10,
    );
    slow.set(member(), 100);
    nowMs = 16;
    fire();
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(0);
  });

  it('looks at none but those that are due: ten thousand that wait cost a tick nothing', () => {
    const { clock, wheel: sut } = wheel();
    const waiting = Array.from({ length: 10_000 }, () => member());
    for (const one of waiting) sut.set(one, 3_600_000);
    const busy = member((nowMs) => nowMs + 20);
    sut.set(busy, 20);
    clock.advance(1000);
    expect(busy.seen.length).toBeGreaterThan(30);
    expect(waiting.every(({ seen }) => seen.length === 0)).toBe(true);
  });

  it('looks again when a member says so', () => {
    const { clock, wheel: sut } = wheel();
    const one = member((nowMs) => (nowMs < 400 ? nowMs + 100 : Infinity));
    sut.set(one, 100);
    clock.advance(10_000);
    expect(one.seen).toEqual([104, 208, 312, 416]);
    expect(clock.pending).toBe(0);
  });

  it('keeps the earlier of two appointments', () => {
    const { clock, wheel: sut } = wheel();
    const one = member();
    sut.set(one, 800);
    sut.set(one, 80);
    sut.set(one, 8000);
    clock.advance(10_000);
    expect(one.seen).toEqual([80]);
  });

  it('goes on, whatever a member asks for: now, or a time that is over', () => {
    const { clock, wheel: sut } = wheel();
    const one = member((nowMs) => (nowMs < 40 ? 0 : Infinity));
    sut.set(one, -5);
    clock.advance(100);
    expect(one.seen).toEqual([8, 16, 24, 32, 40]);
  });

  it('sets no timer in the past, though its looks took until after the next time', () => {
    let nowMs = 0;
    let fire = (): void => {};
    const delays: number[] = [];
    const sut = new TimerWheel({
      now: () => nowMs,
      setTimer(ms, callback) {
        delays.push(ms);
        fire = callback;
        return { clear: () => {} };
      },
    });
    const slow = member(() => {
      nowMs = 500;
      return Infinity;
    });
    const next = member();
    sut.set(slow, 80);
    sut.set(next, 160);
    nowMs = 80;
    fire();
    expect(delays).toEqual([80, 0]);
    fire();
    expect(next.seen).toEqual([500]);
  });

  it('holds no timer while nobody waits', () => {
    const { clock, wheel: sut } = wheel();
    const one = member();
    sut.set(one, 1000);
    sut.clear(one);
    sut.clear(one);
    expect(clock.pending).toBe(0);
    sut.set(one, 2000);
    clock.advance(2200);
    expect(one.seen).toHaveLength(1);
  });

  it('lets members leave, and others be taken out, while one is looked at', () => {
    const { clock, wheel: sut } = wheel();
    const pair: Timed[] = [];
    const leave = (): number => {
      for (const one of pair) sut.clear(one);
      return Infinity;
    };
    const first = member(leave);
    const other = member(leave);
    pair.push(first, other);
    sut.set(first, 100);
    sut.set(other, 100);
    clock.advance(1000);
    expect([first.seen.length + other.seen.length, clock.pending, sut.size]).toEqual([1, 0, 0]);
  });
});

describe('nextLookMs', () => {
  it('looks eight times within a limit, not more often than each 10 ms, and at its very end', () => {
    expect(nextLookMs(1000, 1000, 800)).toBe(1100);
    expect(nextLookMs(1000, 1000, 16)).toBe(1010);
    expect(nextLookMs(1790, 1000, 800)).toBe(1800);
    expect(nextLookMs(0, 0, 3_600_000)).toBe(5000);
    expect(nextLookMs(0, 0, Infinity)).toBe(Infinity);
  });
});
