import { describe, expect, it } from 'vitest';

import { FakeClock } from '@ocelot/core/testing';

import { RetryBudget } from '../../src/retry/retry-budget.js';

/** Requests that fail once and ask for a retry each. @returns how many were granted. */
function failing(budget: RetryBudget, requests: number): number {
  let granted = 0;
  for (let request = 0; request < requests; request += 1) {
    budget.attempt();
    if (!budget.take()) continue;
    granted += 1;
    budget.attempt();
  }
  return granted;
}

describe('RetryBudget', () => {
  it('grants retries as a share of the requests of ten seconds', () => {
    const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 0 }, new FakeClock());
    expect(failing(budget, 1000)).toBe(200);
    expect([budget.isSpent, budget.refused]).toEqual([true, 800]);
  });

  it('always grants so many a second, so that quiet routes fail over', () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.5 }, new FakeClock());
    expect(failing(budget, 100)).toBe(5);
  });

  it('fills again as time goes by', () => {
    const clock = new FakeClock();
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 1 }, clock);
    expect(failing(budget, 20)).toBe(10);
    clock.advance(10_000);
    expect(failing(budget, 20)).toBe(10);
  });

  it('refuses every retry with nothing allowed', () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0 }, new FakeClock());
    expect(failing(budget, 10)).toBe(0);
  });
});
