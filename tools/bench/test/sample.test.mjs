import { describe, expect, it } from 'vitest';

import { fromLoad, quietest } from '../sample.mjs';
import { SCENARIOS } from '../scenarios.mjs';

const printed = {
  held: 64,
  units: 1000,
  wallNs: 2e9,
  watchedCpuNs: 20e6,
  ownCpuNs: 10e6,
  busyNs: 1030e6,
  stealNs: 200e6,
  latencyNs: { p50: 1e6, p99: 2e6, p999: 3e6 },
  failed: { connect: 0, handshake: 1, payload: 2, close: 0, unfinished: 1 },
};

describe('fromLoad', () => {
  it('counts an echo as two messages', () => {
    const sample = fromLoad(SCENARIOS.e64, printed);
    expect(sample).toMatchObject({ value: 10, generatorUs: 5, perSecond: 1000, p50Ms: 1, p99Ms: 2, p999Ms: 3 });
  });

  it('counts an echo of 1 MiB as two MiB, a handshake and a pushed message as one', () => {
    expect(fromLoad(SCENARIOS.big, printed).value).toBe(10);
    expect(fromLoad(SCENARIOS.hs, printed).value).toBe(20);
    expect(fromLoad(SCENARIOS.push, printed).value).toBe(20);
  });

  it('takes as foreign what neither proxy nor generator used, and what the hypervisor took', () => {
    expect(fromLoad(SCENARIOS.e64, printed).foreignCpus).toBeCloseTo(0.6);
  });

  it('never finds less than no foreign load, as ticks are coarser than the clocks', () => {
    expect(fromLoad(SCENARIOS.e64, { ...printed, busyNs: 0, stealNs: 0 }).foreignCpus).toBe(0);
  });

  it('refuses a sample without any work in it', () => {
    expect(() => fromLoad(SCENARIOS.e64, { ...printed, units: 0 })).toThrow('Nothing came through: {"connect":0,');
  });

  it('adds up every kind of failure', () => {
    expect(fromLoad(SCENARIOS.e64, printed).failed).toBe(4);
  });
});

describe('quietest', () => {
  const taking = (loads) => async () => ({ value: 1, foreignCpus: loads.shift() });

  it('keeps the first sample when the machine is quiet', async () => {
    expect(await quietest(taking([0.1, 0]), 4)).toMatchObject({ foreignCpus: 0.1, tries: 1, isDisturbed: false });
  });

  it('samples again while others use the machine', async () => {
    expect(await quietest(taking([0.9, 0.5, 0.2, 0]), 4)).toMatchObject({ foreignCpus: 0.2, tries: 3 });
  });

  it('gives up after the last try, keeps the quietest and flags it', async () => {
    const sample = await quietest(taking([0.9, 0.5, 0.8, 0.7, 0]), 4);
    expect(sample).toMatchObject({ foreignCpus: 0.5, tries: 4, isDisturbed: true });
  });
});
