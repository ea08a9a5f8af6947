import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';

import { expect, it } from 'vitest';

import { boundYoungGeneration } from '../src/young-generation.js';

const youngMiB = (): number =>
  (getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0) / 1024 / 1024;

// Vitest runs each file in a process of its own, so the bound holds for this test only.
it('keeps the young generation small while objects survive in masses', async () => {
  boundYoungGeneration();
  const survivors: object[] = [];
  for (let round = 0; round < 60; round += 1) {
    for (let i = 0; i < 10_000; i += 1) survivors.push({ round, inner: { i } });
    // Sessions come one by one: the observer has its turn between collections.
    await sleep(1);
  }
  expect(survivors).toHaveLength(600_000);
  expect(youngMiB()).toBeGreaterThan(0);
  expect(youngMiB()).toBeLessThanOrEqual(16);
});
