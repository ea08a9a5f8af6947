import { FakeClock } from '@ocelot/core/testing';
import { seededRandom } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { type Deadline, DeadlineQueue } from '../../src/stream/deadline-queue.js';

const START_MS = 1_800_000_000_000;

function stand() {
  const clock = new FakeClock();
  let skewMs = 0;
  const queue = new DeadlineQueue(clock, () => START_MS + clock.now() + skewMs);
  const fired: (readonly [name: string, atMs: number])[] = [];
  const deadline = (name: string): Deadline => ({
    atMs: Infinity,
    place: -1,
    due: () => void fired.push([name, clock.now()]),
  });
  return { clock, queue, fired, deadline, setWallClock: (ms: number) => void (skewMs = ms) };
}

describe('DeadlineQueue', () => {
  it('fires each at its time, with one timer for all', () => {
    const { clock, queue, fired, deadline } = stand();
    queue.set(deadline('b'), START_MS + 2000);
    queue.set(deadline('a'), START_MS + 1000);
    queue.set(deadline('c'), START_MS + 2500);
    expect(clock.pending).toBe(1);
    clock.advance(999);
    expect(fired).toEqual([]);
    clock.advance(5000);
    expect(fired).toEqual([
      ['a', 1000],
      ['b', 2000],
      ['c', 2500],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('waits longer than a timer of Node can: no deadline fires early beyond 2^31-1 ms (S27)', () => {
    const { clock, queue, fired, deadline } = stand();
    const farMs = 2 ** 31 + 5000;
    queue.set(deadline('far'), START_MS + farMs);
    clock.advance(1);
    expect(clock.nextDelayMs).toBeLessThan(2 ** 31);
    clock.advance(farMs - 2);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([['far', farMs]]);
  });

  it('notices within half a minute that the clock of the machine was set', () => {
    const { clock, queue, fired, deadline, setWallClock } = stand();
    queue.set(deadline('token'), START_MS + 3_600_000);
    setWallClock(3_600_000);
    clock.advance(30_000);
    expect(fired).toHaveLength(1);
  });

  it('does not fire what a clock that was set back has not reached', () => {
    const { clock, queue, fired, deadline, setWallClock } = stand();
    queue.set(deadline('token'), START_MS + 1000);
    setWallClock(-500);
    clock.advance(1000);
    expect(fired).toEqual([]);
    clock.advance(500);
    expect(fired).toEqual([['token', 1500]]);
  });

  it('moves a deadline that is set again, and forgets one that is cleared', () => {
    const { clock, queue, fired, deadline } = stand();
    const moved = deadline('moved');
    const cleared = deadline('cleared');
    queue.set(moved, START_MS + 1000);
    queue.set(cleared, START_MS + 1000);
    queue.set(moved, START_MS + 3000);
    queue.clear(cleared);
    queue.clear(cleared);
    clock.advance(2000);
    expect(fired).toEqual([]);
    clock.advance(1000);
    expect(fired).toEqual([['moved', 3000]]);
    expect(queue.size).toBe(0);
  });

  it('leaves no timer behind when nobody waits', () => {
    const { clock, queue, deadline } = stand();
    const only = deadline('only');
    queue.set(only, START_MS + 1000);
    queue.clear(only);
    expect(clock.pending).toBe(0);
    queue.set(only, START_MS + 1000);
    queue.close();
    expect(clock.pending).toBe(0);
    expect(queue.size).toBe(0);
  });

  it('keeps the order of time through any sequence of calls', () => {
    const { clock, queue, fired, deadline } = stand();
    const random = seededRandom(27);
    const waiting = new Map<Deadline, number>();
    const pool = Array.from({ length: 200 }, (_, index) => deadline(String(index)));
    for (let step = 0; step < 2000; step += 1) {
      const one = random.pick(pool);
      if (random.chance(0.3)) {
        queue.clear(one);
        waiting.delete(one);
      } else {
        const atMs = START_MS + random.between(1, 100_000);
        queue.set(one, atMs);
        waiting.set(one, atMs);
      }
    }
    expect(queue.size).toBe(waiting.size);
    clock.advance(200_000);
    expect(fired.map(([, atMs]) => atMs + START_MS)).toEqual([...waiting.values()].toSorted((a, b) => a - b));
  });
});
