import { describe, expect, it } from 'vitest';

import { FakeClock } from '@ocelot/core/testing';

import type { AttemptVerdict } from '../../src/breaker/attempt-verdict.js';
import { CircuitBreaker } from '../../src/breaker/circuit-breaker.js';
import type { BreakerOptions } from '../../src/options/breaker-options.js';

interface Stand {
  readonly clock: FakeClock;
  readonly breaker: CircuitBreaker;
  readonly states: string[];
  /** Lets attempts begin and end at once. */
  readonly attempt: (...verdicts: readonly AttemptVerdict[]) => void;
}

function stand(options: Partial<BreakerOptions> = {}): Stand {
  const clock = new FakeClock();
  const states: string[] = [];
  const breaker = new CircuitBreaker(
    { scope: 'endpoint', minimumThroughput: 3, breakMs: 5000, failureRatio: undefined, samplingMs: 10_000, ...options },
    clock,
    (state) => {
      if (states.at(-1) !== state) states.push(state);
    },
  );
  return {
    clock,
    breaker,
    states,
    attempt: (...verdicts) => {
      for (const verdict of verdicts) breaker.end(breaker.begin(), verdict);
    },
  };
}

describe('CircuitBreaker without a ratio', () => {
  it('opens at so many consecutive failures', () => {
    const { breaker, attempt } = stand();
    attempt('failure', 'failure');
    expect(breaker.state).toBe('closed');
    attempt('failure');
    expect([breaker.state, breaker.isPassable, breaker.retryAfterMs]).toEqual(['open', false, 5000]);
  });

  it('begins to count anew with each success', () => {
    const { breaker, attempt } = stand();
    attempt('failure', 'failure', 'success', 'failure', 'failure');
    expect(breaker.state).toBe('closed');
  });

  it('does not count clients that leave, neither way', () => {
    const { breaker, attempt } = stand();
    attempt('failure', 'nothing', 'failure', 'nothing', 'failure');
    expect(breaker.state).toBe('open');
  });
});

describe('CircuitBreaker with a ratio', () => {
  const ratio = { failureRatio: 0.5, minimumThroughput: 4 };

  it('opens when enough calls were made and their share of failures is reached', () => {
    const { breaker, attempt } = stand(ratio);
    attempt('success', 'success', 'failure');
    expect(breaker.state).toBe('closed');
    attempt('failure');
    expect(breaker.state).toBe('open');
  });

  it('is judged on failures only: a success does not open it', () => {
    const { breaker, attempt } = stand(ratio);
    attempt('failure', 'failure', 'failure', 'success');
    expect(breaker.state).toBe('closed');
    attempt('failure');
    expect(breaker.state).toBe('open');
  });

  it('forgets calls that are older than SamplingDuration', () => {
    const { breaker, attempt, clock } = stand(ratio);
    attempt('failure', 'failure', 'failure');
    clock.advance(10_001);
    attempt('failure');
    expect([breaker.state, breaker.failures]).toEqual(['closed', 1]);
  });
});

describe('CircuitBreaker that is open', () => {
  it('is half-open after BreakDuration, and lets one probe pass', () => {
    const { breaker, attempt, clock } = stand();
    attempt('failure', 'failure', 'failure');
    clock.advance(4999);
    expect(breaker.isPassable).toBe(false);
    clock.advance(1);
    expect([breaker.state, breaker.isPassable]).toEqual(['half-open', true]);
    breaker.begin();
    expect(breaker.isPassable).toBe(false);
  });

  it('closes when the probe succeeds', () => {
    const { breaker, attempt, clock, states } = stand();
    attempt('failure', 'failure', 'failure');
    clock.advance(5000);
    attempt('success');
    expect([breaker.state, breaker.failures, clock.pending]).toEqual(['closed', 0, 0]);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  it('opens again when the probe fails', () => {
    const { breaker, attempt, clock } = stand();
    attempt('failure', 'failure', 'failure');
    clock.advance(5000);
    attempt('failure');
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['open', 5000]);
  });

  it('gives the place of a probe free that the client cancels (Ocelot never does)', () => {
    const { breaker, attempt, clock } = stand();
    attempt('failure', 'failure', 'failure');
    clock.advance(5000);
    attempt('nothing');
    expect([breaker.state, breaker.isPassable]).toEqual(['half-open', true]);
    attempt('success');
    expect(breaker.state).toBe('closed');
  });

  it('gives the place of a probe free that does not end, and still hears of its end', () => {
    const { breaker, attempt, clock } = stand();
    attempt('failure', 'failure', 'failure');
    clock.advance(5000);
    const slow = breaker.begin();
    clock.advance(5000);
    expect(breaker.isPassable).toBe(true);
    const second = breaker.begin();
    expect(breaker.isPassable).toBe(false);
    breaker.end(slow, 'nothing');
    expect(breaker.isPassable).toBe(false);
    breaker.end(slow, 'success');
    expect(breaker.state).toBe('closed');
    breaker.end(second, 'failure');
    expect(breaker.failures).toBe(0);
  });

  it('does not listen to attempts that began before it opened', () => {
    const { breaker, attempt, clock } = stand();
    const early = breaker.begin();
    attempt('failure', 'failure', 'failure');
    breaker.end(early, 'success');
    expect(breaker.state).toBe('open');
    clock.advance(5000);
    breaker.end(early, 'success');
    expect(breaker.state).toBe('half-open');
  });

  it('holds no timer once closed', () => {
    const { breaker, attempt, clock } = stand();
    attempt('failure', 'failure', 'failure');
    breaker.close();
    breaker.close();
    expect(clock.pending).toBe(0);
  });
});
