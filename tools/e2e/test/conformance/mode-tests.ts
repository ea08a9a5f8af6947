import { beforeAll, describe, expect, it } from 'vitest';

import { ALL_CASES } from '../../conformance/cases/all-cases.js';
import type { Mode } from '../../conformance/conformance-case.js';
import { appliesTo, runSuite, type CaseResult } from '../../conformance/suite.js';

/** One gateway runs all cases at once; each test then reads its own results. */
const LIMIT_MS = 180_000;

/** Declares a test for every case that says something about a mode. */
export function conformanceTests(mode: Mode): void {
  const cases = ALL_CASES.filter((subject) => appliesTo(subject, mode));
  let results: ReadonlyMap<string, readonly CaseResult[]> = new Map();

  beforeAll(async () => {
    const byName = new Map<string, CaseResult[]>();
    for (const result of await runSuite(mode, cases)) {
      const same = byName.get(result.name) ?? [];
      byName.set(result.name, [...same, result]);
    }
    results = byName;
  }, LIMIT_MS);

  describe(`${mode} mode, from both sides, frame by frame, byte by byte, in one write and in one with the handshake`, () => {
    it.each(cases.map(({ name, rule }) => [name, rule] as const))('%s (%s)', (name) => {
      const mine = results.get(name) ?? [];
      expect(mine.length).toBeGreaterThan(0);
      const failures = mine.filter(({ problems }) => problems.length > 0);
      expect(failures.map(({ from, style, problems }) => `from the ${from}, ${style}: ${problems.join('; ')}`)).toEqual(
        [],
      );
    });
  });
}
