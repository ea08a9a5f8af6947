import { describe, expect, it } from 'vitest';

import { betterNodePeer, comparisons } from '../compare.mjs';

const rounds = (...values) => values.map((value, round) => ({ round, value }));

describe('betterNodePeer', () => {
  it('is the one with the lower median of this run', () => {
    expect(betterNodePeer({ httpxy: rounds(20, 21, 22), 'http-proxy-3': rounds(10, 19, 30) })).toBe('http-proxy-3');
  });

  it('is the one that was measured', () => {
    expect(betterNodePeer({ httpxy: rounds(20), nginx: rounds(1) })).toBe('httpxy');
    expect(betterNodePeer({ nginx: rounds(1) })).toBeUndefined();
  });
});

describe('comparisons', () => {
  it('judges the median of the ratios of each round', () => {
    const [first] = comparisons('e64', { httpxy: rounds(20, 40, 20), 'ocelot-framed': rounds(14, 28, 18) });
    expect(first).toMatchObject({ ours: 'ocelot-framed', peer: 'httpxy', goal: 0.75, isMet: true });
    expect(first.ratio).toMatchObject({ median: 0.7, max: 0.9 });
  });

  it('compares 1 MiB frames with nginx of both buffer sizes', () => {
    const targets = { nginx: rounds(2000), 'nginx-64k': rounds(800), 'ocelot-framed': rounds(900) };
    const found = comparisons('big', targets).map(({ peer, goal, isMet }) => [peer, goal, isMet]);
    expect(found).toEqual([
      ['nginx', 0.45, true],
      ['nginx-64k', 1.1, false],
    ]);
  });

  it('shows opaque beside the goal of the default mode, without judging it', () => {
    const [found] = comparisons('e64', { nginx: rounds(10), 'ocelot-opaque': rounds(30) });
    expect(found).toMatchObject({ ours: 'ocelot-opaque', peer: 'nginx' });
    expect(found).not.toHaveProperty('goal');
  });

  it('compares messages mode with the relay written by hand', () => {
    const targets = { httpxy: rounds(20), 'ws-relay': rounds(30), 'ocelot-messages': rounds(24) };
    expect(comparisons('e64', targets)).toMatchObject([{ peer: 'ws-relay', goal: 0.85, isMet: true }]);
    expect(comparisons('idle5k', targets)[0]).not.toHaveProperty('goal');
  });

  it('compares a route table of 10,000 with one of 10', () => {
    const targets = { 'ocelot-framed 10 routes': rounds(100), 'ocelot-framed 10000 routes': rounds(106) };
    expect(comparisons('routes', targets)).toMatchObject([
      { ours: 'ocelot-framed 10000 routes', peer: 'ocelot-framed 10 routes', goal: 1.05, isMet: false },
    ]);
  });

  it('compares a build with its peers under its own name', () => {
    const targets = { nginx: rounds(10), 'ocelot-framed': rounds(13), 'ocelot-framed@../before': rounds(20) };
    expect(comparisons('e64', targets).map(({ ours, isMet }) => [ours, isMet])).toEqual([
      ['ocelot-framed', true],
      ['ocelot-framed@../before', false],
    ]);
  });
});
