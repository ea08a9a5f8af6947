import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { ProgressTimer } from '../src/progress-timer.js';

function timer(limitMs: number): { readonly clock: FakeClock; readonly timer: ProgressTimer; stalls: number } {
  const clock = new FakeClock();
  const state = { clock, timer: new ProgressTimer(clock), stalls: 0 };
  state.timer.restart(limitMs, () => (state.stalls += 1));
  return state;
}

describe('ProgressTimer', () => {
  it('tells once that nothing moved for as long as the limit', () => {
    const state = timer(100);
    state.clock.advance(99);
    expect(state.stalls).toBe(0);
    state.clock.advance(500);
    expect([state.stalls, state.clock.pending]).toEqual([1, 0]);
  });

  it('counts from what moved last, with one timer', () => {
    const state = timer(100);
    for (let i = 0; i < 10; i += 1) {
      state.clock.advance(60);
      state.timer.touch();
      expect(state.clock.pending).toBe(1);
    }
    expect(state.stalls).toBe(0);
    state.clock.advance(100);
    expect(state.stalls).toBe(1);
  });

  it('waits for ever without a limit, and tells nothing once cleared', () => {
    const unlimited = timer(0);
    unlimited.clock.advance(1_000_000);
    expect([unlimited.stalls, unlimited.clock.pending]).toEqual([0, 0]);
    const cleared = timer(100);
    cleared.timer.clear();
    cleared.clock.advance(1_000);
    expect([cleared.stalls, cleared.clock.pending]).toEqual([0, 0]);
  });
});
