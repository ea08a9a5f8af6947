import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { IdleSweeper } from '../src/idle-sweeper.js';

/** Something swept, which remembers when. */
function member() {
  const seen: number[] = [];
  return { seen, sweep: (nowMs: number) => void seen.push(nowMs) };
}

describe('IdleSweeper', () => {
  it('looks at all its members with one timer', () => {
    const clock = new FakeClock();
    const sweeper = new IdleSweeper(clock);
    const members = Array.from({ length: 1000 }, member);
    for (const one of members) sweeper.add(one, 4000);
    expect(clock.pending).toBe(1);
    clock.advance(2000);
    expect(members.every(({ seen }) => seen.length === 2)).toBe(true);
  });

  it('looks often enough for the shortest limit', () => {
    const clock = new FakeClock();
    const sweeper = new IdleSweeper(clock);
    const patient = member();
    const hasty = member();
    sweeper.add(patient, 60_000);
    sweeper.add(hasty, 400);
    clock.advance(400);
    expect(hasty.seen).toEqual([100, 200, 300, 400]);
  });

  it('holds no timer while it has no members', () => {
    const clock = new FakeClock();
    const sweeper = new IdleSweeper(clock);
    const one = member();
    sweeper.add(one, 1000);
    sweeper.remove(one);
    sweeper.remove(one);
    expect(clock.pending).toBe(0);
    sweeper.add(one, 1000);
    clock.advance(250);
    expect(one.seen).toEqual([250]);
  });

  it('lets a member leave while it is looked at', () => {
    const clock = new FakeClock();
    const sweeper = new IdleSweeper(clock);
    const leaver = { sweep: () => sweeper.remove(leaver) };
    sweeper.add(leaver, 100);
    clock.advance(1000);
    expect(clock.pending).toBe(0);
  });
});
