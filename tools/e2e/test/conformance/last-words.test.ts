// Situation: one side sends a Close while the other is still speaking.
// Action: the other side finishes what it was saying, and answers then, as RFC 6455 §5.5.1 allows.
// Expected: every word of it arrives before its Close, and nothing behind.
import { beforeAll, describe, expect, it } from 'vitest';

import { MODES, otherSide, SIDES } from '../../conformance/conformance-case.js';
import type { EndScenario } from '../../conformance/truth-table/end-scenario.js';
import { PATIENT } from '../../conformance/truth-table/route-manners.js';
import { observe, type Observation } from '../../conformance/truth-table/run-scenarios.js';
import { LAST_WORDS } from '../../conformance/strict-peer.js';

const scenarios = SIDES.map((side): EndScenario => ({
  event: `${side}.close`,
  what: `a Close of the ${side}`,
  modes: ['framed', 'opaque', 'messages'],
  gateway: PATIENT,
  within: 'at once',
  onClose: { [otherSide(side)]: 'finish-speaking' },
  act: (ends) => ends[side].close(4000, 'enough'),
}));

let observations: readonly Observation[] = [];

beforeAll(async () => {
  observations = await observe(scenarios, MODES);
});

describe.each(SIDES.map((side, index) => [side, index] as const))('a Close of the %s', (side, index) => {
  it.each(MODES)('in %s mode lets the other side finish (RFC 6455 §5.5.1)', (mode) => {
    const mine = observations.find((seen) => seen.scenario === scenarios[index] && seen.mode === mode);
    const closer = mine?.[side];
    expect(closer?.events.map(({ kind }) => kind)).toEqual(['message', 'close']);
    expect(closer?.events.some((event) => event.kind === 'message' && event.payload.equals(LAST_WORDS))).toBe(true);
    expect(closer?.events.at(-1)).toMatchObject({ code: 4000, reason: 'enough' });
    expect([closer?.trailingBytes, closer?.end]).toEqual([0, 'fin']);
  });
});
