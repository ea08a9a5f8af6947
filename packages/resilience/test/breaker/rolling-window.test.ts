import { describe, expect, it } from 'vitest';

import { FakeClock } from '@ocelot/core/testing';

import { RollingWindow } from '../../src/breaker/rolling-window.js';

describe('RollingWindow', () => {
  it('counts all events and the marked ones', () => {
    const window = new RollingWindow(new FakeClock(), 1000);
    window.add(true);
    window.add(false);
    window.add(true);
    expect([window.total, window.marked]).toEqual([3, 2]);
  });

  it('forgets what is older than its span, bucket by bucket', () => {
    const clock = new FakeClock();
    const window = new RollingWindow(clock, 1000);
    window.add(true);
    clock.advance(500);
    window.add(false);
    clock.advance(499);
    expect([window.total, window.marked]).toEqual([2, 1]);
    clock.advance(1);
    expect([window.total, window.marked]).toEqual([1, 0]);
    clock.advance(500);
    expect([window.total, window.marked]).toEqual([0, 0]);
  });

  it('forgets everything after a long silence', () => {
    const clock = new FakeClock(123_456);
    const window = new RollingWindow(clock, 1000);
    for (let count = 0; count < 50; count += 1) window.add(true);
    clock.advance(86_400_000);
    expect([window.total, window.marked]).toEqual([0, 0]);
    window.add(false);
    expect([window.total, window.marked]).toEqual([1, 0]);
  });

  it('begins anew when cleared', () => {
    const window = new RollingWindow(new FakeClock(), 1000);
    window.add(true);
    window.clear();
    expect([window.total, window.marked]).toEqual([0, 0]);
  });
});
