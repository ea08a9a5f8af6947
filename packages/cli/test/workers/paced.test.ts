import { setTimeout as sleep } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { paced } from '../../src/workers/paced.js';

it('runs at once after a rest, and then once for all that was asked for within the interval', async () => {
  let runs = 0;
  const work = paced(20, (done) => {
    runs += 1;
    done();
  });
  work.request();
  expect(runs).toBe(1);
  for (let index = 0; index < 5; index += 1) work.request();
  expect(runs).toBe(1);
  await expect.poll(() => runs).toBe(2);
  await sleep(50);
  expect(runs).toBe(2);
  work.close();
});

it('does not run again before the last run is over, however long that takes', async () => {
  const dones: (() => void)[] = [];
  const work = paced(1, (done) => void dones.push(done));
  work.request();
  work.request();
  await sleep(20);
  expect(dones).toHaveLength(1);
  dones[0]?.();
  expect(dones).toHaveLength(2);
  work.close();
});

it('runs no more once it is closed', async () => {
  let runs = 0;
  const work = paced(1, (done) => {
    runs += 1;
    done();
  });
  work.request();
  work.request();
  work.close();
  await sleep(20);
  expect(runs).toBe(1);
});
