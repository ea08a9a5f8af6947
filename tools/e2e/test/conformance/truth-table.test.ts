// Situation: open sessions in every mode, between two peers that keep to RFC 6455.
// Action: each ends in one of the ways there are.
// Expected: both sides see what docs/architecture/close-and-drain.md says, and both are gone within the limit it names.
import { readFile } from 'node:fs/promises';

import { beforeAll, describe, expect, it } from 'vitest';

import { MODES } from '../../conformance/conformance-case.js';
import { CLOSE_PAGE, tableInPage, tableOf } from '../../conformance/truth-table/page.js';
import { observe, type Observation } from '../../conformance/truth-table/run-scenarios.js';
import { SCENARIOS } from '../../conformance/truth-table/scenarios.js';

/** The scenarios set their limits below a second, and all others to a minute: nothing in between is right. */
const SOON_MS = 20_000;

let observations: readonly Observation[] = [];

beforeAll(async () => {
  observations = await observe(SCENARIOS, MODES);
}, 60_000);

describe('the truth table of the page', () => {
  it('is what happened, or `npm run conformance -- --truth-table --write` was forgotten', async () => {
    expect(await tableInPage(CLOSE_PAGE)).toBe(tableOf(observations));
  });

  it('has a row for every event that the rules of the page name', async () => {
    const rules = (await readFile(CLOSE_PAGE, 'utf8')).split('<!-- truth table: begin')[0] ?? '';
    const events = [...rules.matchAll(/^\| `([a-z.-]+)` +\|/gm)].map(([, event]) => event);
    const seen = new Set(SCENARIOS.map(({ event }) => event));
    // A host that embeds the relay cuts sessions; the command does so only behind a drain.
    expect(events.filter((event) => event !== 'cut' && event !== undefined && !seen.has(event))).toEqual([]);
    expect(events.length).toBeGreaterThan(10);
  });
});

describe.each(SCENARIOS.map((scenario) => ({ what: scenario.what, scenario })))('$what', ({ scenario }) => {
  const mine = (): readonly Observation[] => observations.filter((observation) => observation.scenario === scenario);

  it('sends neither side anything that RFC 6455 does not allow', () => {
    for (const { client, backend, mode } of mine()) {
      const faults = [client, backend].flatMap(({ events }) => events.filter(({ kind }) => kind === 'fault'));
      expect({ mode, faults }).toEqual({ mode, faults: [] });
    }
  });

  it('is over within its limit, on both sides and in the log', () => {
    expect(mine().length).toBeGreaterThan(0);
    for (const { mode, tookMs } of mine()) expect(tookMs, `milliseconds in ${mode} mode`).toBeLessThan(SOON_MS);
  });
});
