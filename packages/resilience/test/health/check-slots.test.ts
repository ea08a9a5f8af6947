import { describe, expect, it } from 'vitest';

import { CheckSlots } from '../../src/health/check-slots.js';

describe('CheckSlots', () => {
  it('runs a bounded number at once, the others in order', async () => {
    const slots = new CheckSlots(2);
    const ends: (() => void)[] = [];
    const started: number[] = [];
    const { signal } = new AbortController();
    const runs = [0, 1, 2, 3].map((number) =>
      slots.run(() => {
        started.push(number);
        return new Promise((resolve) => ends.push(resolve));
      }, signal),
    );
    expect(started).toEqual([0, 1]);
    ends[1]?.();
    await runs[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await Promise.all([runs[0], runs[2]]);
    await Promise.resolve();
    ends[3]?.();
    await runs[3];
    expect(started).toEqual([0, 1, 2, 3]);
  });

  it('frees the place of a check that fails, and passes over one that was given up', async () => {
    const slots = new CheckSlots(1);
    const given = new AbortController();
    const failing = slots.run(() => Promise.reject(new Error('down')), new AbortController().signal);
    let isAsked = false;
    const late = slots.run(async () => void (isAsked = true), given.signal);
    given.abort();
    await expect(failing).rejects.toThrow('down');
    await late;
    expect(isAsked).toBe(false);
    await slots.run(async () => void (isAsked = true), new AbortController().signal);
    expect(isAsked).toBe(true);
  });
});
