import { describe, expect, it } from 'vitest';

import { ENDINGS, firstId, HANDSHAKES, isIntact, kindOf, planConversation } from '../src/conversation-plan.js';

const plans = (seed: string, count: number): readonly object[] =>
  Array.from({ length: count }, (_, id) => planConversation(seed, 'mixed', id));

describe('planConversation', () => {
  it('plans the same conversations for the same seed, and others for another', () => {
    expect(plans('a', 100)).toEqual(plans('a', 100));
    expect(plans('b', 100)).not.toEqual(plans('a', 100));
  });

  it('comes to every handshake and every ending in a thousand conversations', () => {
    const chosen = Array.from({ length: 1000 }, (_, id) => planConversation('all', 'mixed', id));
    expect(new Set(chosen.map(({ handshake }) => handshake))).toEqual(new Set(HANDSHAKES));
    expect(new Set(chosen.map(({ ending }) => ending))).toEqual(new Set(ENDINGS));
  });

  it('leaves nothing that excuses a loss in more than a quarter of them', () => {
    const chosen = Array.from({ length: 1000 }, (_, id) => planConversation('all', 'mixed', id));
    expect(chosen.filter(isIntact).length).toBeGreaterThan(250);
  });

  it('numbers each kind of load apart', () => {
    for (const kind of ['mixed', 'steady', 'churn'] as const) expect(kindOf(firstId(kind))).toBe(kind);
  });
});
