// Situation: an open session whose two ends close, wait, or cut their connection: YARP's 21 combinations.
// Action: each end does its part; where both act by themselves, either goes first, or both at once.
// Expected: the log blames the side whose deed came first, with its code, and nobody is left hanging (YA8).
import { beforeAll, describe, expect, it } from 'vitest';

import { blameLine, BLAME_CASES, rightLines } from '../../conformance/blame.js';
import { MODES } from '../../conformance/conformance-case.js';
import { observe, type Observation } from '../../conformance/truth-table/run-scenarios.js';

let observations: readonly Observation[] = [];

beforeAll(async () => {
  const scenarios = BLAME_CASES.map(({ scenario }) => scenario);
  observations = await observe(scenarios, MODES);
}, 60_000);

it('tries the 21 combinations in which somebody acts', () => {
  expect(new Set(BLAME_CASES.map(({ client, backend }) => `${client} ${backend}`)).size).toBe(21);
});

describe.each(BLAME_CASES.map((one) => ({ what: one.scenario.what, one })))('$what', ({ one }) => {
  it('is blamed on whoever came first', () => {
    const mine = observations.filter(({ scenario }) => scenario === one.scenario);
    expect(mine.length).toBeGreaterThan(0);
    for (const { mode, line } of mine) {
      const said = blameLine(line?.['closedBy'], line?.['closeCode'], line?.['code']);
      expect(rightLines(one), `${mode} mode says ${said}`).toContain(said);
    }
  });
});
