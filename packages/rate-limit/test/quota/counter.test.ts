import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { count, type Counter, decide, retryAfterMs, type Rule, storedForMs } from '../../src/quota/counter.js';
import { parsePeriod } from '../../src/quota/period.js';

/** A counter as Ocelot's unit tests write it: times in ms relative to the test's now. */
interface Entry {
  readonly startedAt?: number;
  readonly exceededAt?: number | null;
  readonly total: number;
}

interface Step {
  readonly now: number;
  readonly entry: Entry;
  readonly expected: Entry;
}

/** Made of the unit tests of Ocelot 25.0.0 (MIT): what each says of periods, counters and waits. */
interface Vector {
  readonly kind: 'period' | 'count' | 'retryAfter' | 'process';
  readonly source: string;
  readonly text?: string | null;
  readonly ms?: number;
  readonly error?: string;
  readonly entry?: Entry | null;
  readonly counter?: Entry;
  readonly rule?: Rule | null;
  readonly now?: number;
  readonly expected?: Entry;
  readonly seconds?: number;
  readonly steps?: readonly Step[];
  readonly requests?: number;
  readonly withinMs?: number;
  readonly expectedTotals?: readonly number[];
  readonly storedForMs?: number;
}

const path = new URL('../data/ocelot-rate-limit.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(path, 'utf8')) as { readonly vectors: readonly Vector[] };

const ANY_RULE: Rule = { limit: 1, periodMs: 1000, waitMs: 0 };

function counter(entry: Entry): Counter {
  return { startedAtMs: entry.startedAt ?? 0, exceededAtMs: entry.exceededAt ?? undefined, total: entry.total };
}

/** Says only what the vector says. */
function shown(result: Counter, expected: Entry): Entry {
  return {
    total: result.total,
    ...(expected.startedAt === undefined ? {} : { startedAt: result.startedAtMs }),
    ...(expected.exceededAt === undefined ? {} : { exceededAt: result.exceededAtMs ?? null }),
  };
}

/** What is told, and what the vector expects. */
type Outcome = readonly [told: unknown, expected: unknown];

const CHECKS: Readonly<Record<Vector['kind'], (vector: Vector) => Outcome>> = {
  period: ({ text, ms, error }) => [parsePeriod(text), error === undefined ? ms : undefined],
  count({ entry, rule, now = 0, expected = { total: 0 } }) {
    const result = count(entry ? counter(entry) : undefined, rule ?? ANY_RULE, now);
    return [shown(result, expected), expected];
  },
  retryAfter({ counter: entry = { total: 0 }, rule, now = 0, seconds = NaN }) {
    const ms = retryAfterMs(counter(entry), rule ?? ANY_RULE, now);
    return [ms < 0 ? ms : ms / 1000, seconds];
  },
  process({ steps = [], rule, requests = 0, withinMs = 0, expectedTotals = [], storedForMs: kept }) {
    const used = rule ?? ANY_RULE;
    const states = steps.map(({ now, entry, expected }) => shown(decide(counter(entry), used, now).counter, expected));
    const totals: number[] = [];
    let state: Counter | undefined;
    for (let index = 0; index < requests; index += 1) {
      const counted = decide(state, used, (index * withinMs) / requests);
      state = counted.counter;
      if (counted.retryAfterMs === 0) totals.push(state.total);
    }
    return [
      [states, totals, storedForMs(used)],
      [steps.map(({ expected }) => expected), expectedTotals, kept],
    ];
  },
};

describe('counter: the vectors of Ocelot 25', () => {
  it('are all there', () => {
    expect(vectors).toHaveLength(18);
  });

  it.each(vectors.map((vector, index) => [`${index} ${vector.kind}: ${vector.source}`, vector] as const))(
    '%s',
    (_, vector) => {
      const [told, expected] = CHECKS[vector.kind](vector);
      expect(told).toEqual(expected);
    },
  );
});

describe('counter', () => {
  const rule: Rule = { limit: 2, periodMs: 1000, waitMs: 0 };
  const run = (used: Rule, times: readonly number[]): readonly number[] => {
    let state: Counter | undefined;
    return times.map((nowMs) => {
      const counted = decide(state, used, nowMs);
      state = counted.counter;
      return counted.retryAfterMs;
    });
  };

  it('refuses until the end of the window, where there is no wait', () => {
    expect(run(rule, [0, 100, 200, 999, 1000, 1001])).toEqual([0, 0, 800, 1, 0, 0]);
  });

  it('refuses for the wait from the first refusal on; refused requests do not prolong it', () => {
    const waiting: Rule = { limit: 2, periodMs: 1000, waitMs: 3000 };
    expect(run(waiting, [0, 100, 200, 1500, 3100, 3200, 3300])).toEqual([0, 0, 3000, 1700, 100, 0, 0]);
  });

  it('ends the block with the wait, also where the window would run longer', () => {
    const short: Rule = { limit: 1, periodMs: 10_000, waitMs: 500 };
    expect(run(short, [0, 100, 599, 600])).toEqual([0, 500, 1, 0]);
  });

  it('lets a client wait once more that used up a window and comes back behind it, as Ocelot does', () => {
    expect(run({ limit: 2, periodMs: 1000, waitMs: 500 }, [0, 100, 1800, 2301])).toEqual([0, 0, 500, 0]);
  });
});

describe('parsePeriod', () => {
  it.each([
    ['250ms', 250],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['100', 100],
    [' 1 H ', 3_600_000],
    ['', 0],
    [undefined, 0],
    ['1s junk', undefined],
    ['-1s', undefined],
    ['s', undefined],
    ['1001d', undefined],
  ])('reads %j as %j ms', (text, ms) => {
    expect(parsePeriod(text)).toBe(ms);
  });
});
