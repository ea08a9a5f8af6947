import { describe, expect, it } from 'vitest';

import { FakeClock } from '@ocelot/core/testing';

import type { EjectionOptions } from '../../src/ejection/ejection-options.js';
import { Outlier } from '../../src/ejection/outlier.js';

const FAILED = { outcome: 'failed', status: undefined, error: undefined } as const;
const answered = (status: number) => ({ outcome: 'answered', status, error: undefined }) as const;

function stand(options: Partial<EjectionOptions> = {}, mayEject = true) {
  const clock = new FakeClock();
  const told: string[] = [];
  const outlier = new Outlier(
    {
      consecutiveFailures: 3,
      failureRatio: 0,
      minimumRequests: 4,
      windowMs: 10_000,
      baseMs: 1000,
      maxMs: 5000,
      maxEjectedPercent: 50,
      earlyDeathMs: 0,
      ...options,
    },
    clock,
    {
      mayEject: () => mayEject,
      ejected: (forMs, reason) => told.push(`ejected for ${forMs}: ${reason}`),
      returned: () => told.push('returned'),
    },
  );
  const fail = (times: number): void => {
    for (let time = 0; time < times; time += 1) outlier.ended(FAILED);
  };
  return { clock, told, outlier, fail };
}

describe('Outlier', () => {
  it('is ejected after so many failed connects or handshakes in a row, and comes back', () => {
    const { clock, outlier, told, fail } = stand();
    fail(2);
    expect(outlier.isEjected).toBe(false);
    fail(1);
    expect([outlier.isEjected, outlier.ejectedForMs]).toEqual([true, 1000]);
    clock.advance(1000);
    expect(outlier.isEjected).toBe(false);
    expect(told).toEqual(['ejected for 1000: 3 failed connects or handshakes in a row', 'returned']);
  });

  it('counts a row anew with every answer, also a bad one', () => {
    const { outlier, fail } = stand();
    fail(2);
    outlier.ended(answered(503));
    fail(2);
    expect(outlier.isEjected).toBe(false);
  });

  it('says nothing of clients that leave', () => {
    const { outlier, fail } = stand();
    fail(2);
    outlier.ended({ outcome: 'cancelled', status: undefined, error: undefined });
    fail(1);
    expect(outlier.isEjected).toBe(true);
  });

  it('is ejected when its share of answers 500 to 508 is too high', () => {
    const { outlier, told } = stand({ failureRatio: 0.5, consecutiveFailures: 0 });
    for (const status of [200, 200, 503]) outlier.ended(answered(status));
    expect(outlier.isEjected).toBe(false);
    outlier.ended(answered(500));
    expect(told).toEqual(['ejected for 1000: 2 of 4 calls failed']);
  });

  it('stays away twice as long each time, up to the longest', () => {
    const { clock, told, fail } = stand();
    for (let time = 0; time < 4; time += 1) {
      fail(3);
      clock.advance(5000);
    }
    expect(told.filter((line) => line !== 'returned').map((line) => line.split(':')[0])).toEqual([
      'ejected for 1000',
      'ejected for 2000',
      'ejected for 4000',
      'ejected for 5000',
    ]);
  });

  it('begins anew with the shortest time when it was fine for as long as the longest', () => {
    const { clock, told, fail } = stand();
    fail(3);
    clock.advance(1000 + 5001);
    fail(3);
    expect(told.at(-1)).toContain('ejected for 1000');
  });

  it('stays when no more endpoints may be ejected', () => {
    const { outlier, fail } = stand({}, false);
    fail(10);
    expect(outlier.isEjected).toBe(false);
  });

  it('takes sessions that are cut soon after the 101 as failures in a row', () => {
    const { outlier, told } = stand({ earlyDeathMs: 500 });
    for (const isEarly of [true, true, false, true, true]) outlier.sessionEnded(isEarly);
    expect(outlier.isEjected).toBe(false);
    outlier.sessionEnded(true);
    expect(told).toEqual(['ejected for 1000: 3 sessions in a row were cut soon after the 101']);
  });

  it('holds no timer once closed, and tells nobody', () => {
    const { clock, outlier, told, fail } = stand();
    fail(3);
    outlier.close();
    outlier.close();
    expect([clock.pending, told.length]).toEqual([0, 1]);
  });
});
