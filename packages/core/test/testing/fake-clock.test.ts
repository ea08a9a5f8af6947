import { describe, expect, it } from 'vitest';

import { FakeClock } from '../../src/testing/fake-clock.js';

describe('FakeClock', () => {
  it('stands still until it is advanced', () => {
    const clock = new FakeClock(1_000);
    expect(clock.now()).toBe(1_000);
    clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it('fires timers in order of their due time, each at its own time', () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.setTimer(30, () => fired.push(`c@${clock.now()}`));
    clock.setTimer(10, () => fired.push(`a@${clock.now()}`));
    clock.setTimer(20, () => fired.push(`b@${clock.now()}`));
    clock.advance(25);
    expect(fired).toEqual(['a@10', 'b@20']);
    expect(clock.pending).toBe(1);
    expect(clock.nextDelayMs).toBe(5);
  });

  it('fires timers of the same time in the order they were set', () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    for (const name of [1, 2, 3]) clock.setTimer(5, () => fired.push(name));
    clock.advance(5);
    expect(fired).toEqual([1, 2, 3]);
  });

  it('fires a timer that a timer sets within the same span', () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('does not fire a cleared timer, and clears twice without complaint', () => {
    const clock = new FakeClock();
    const timer = clock.setTimer(10, () => {
      throw new Error('cleared timers stay silent');
    });
    timer.clear();
    timer.clear();
    clock.advance(20);
    expect(clock.pending).toBe(0);
    expect(clock.nextDelayMs).toBeUndefined();
  });

  it('treats a delay that is no positive number as due now', () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    clock.setTimer(-5, () => fired.push(1));
    clock.setTimer(Number.NaN, () => fired.push(2));
    clock.advance(0);
    expect(fired).toEqual([1, 2]);
  });

  it('refuses a timer that sets itself again without delay for ever', () => {
    const clock = new FakeClock();
    const again = (): void => {
      clock.setTimer(0, again);
    };
    again();
    expect(() => clock.advance(1)).toThrow(/sets itself again without delay/);
  });

  it('lets promises settle between timers when advanced asynchronously', async () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    const loop = async (): Promise<void> => {
      for (let round = 0; round < 3; round += 1) {
        await new Promise<void>((resolve) => clock.setTimer(10, resolve));
        fired.push(clock.now());
      }
    };
    const done = loop();
    await clock.advanceAsync(100);
    await done;
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(100);
  });
});
