import { setTimeout as sleep } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { Heartbeat } from '../../src/workers/heartbeat.js';

function beating(answers: boolean): { asked: number; silent: number[]; close(): void } {
  const seen = { asked: 0, silent: [] as number[], close: () => heart.close() };
  const heart = new Heartbeat({
    intervalMs: 5,
    mostUnanswered: 3,
    ask: () => {
      seen.asked += 1;
      if (answers) heart.heard();
    },
    silent: (forMs) => void seen.silent.push(forMs),
  });
  return seen;
}

it('says once that a worker is silent, after as many questions as it may leave open', async () => {
  const seen = beating(false);
  await expect.poll(() => seen.silent).toEqual([15]);
  await sleep(30);
  expect(seen).toMatchObject({ asked: 3, silent: [15] });
});

it('leaves a worker alone that answers', async () => {
  const seen = beating(true);
  await expect.poll(() => seen.asked).toBeGreaterThan(6);
  expect(seen.silent).toEqual([]);
  seen.close();
});

it('asks no more once it is closed', async () => {
  const seen = beating(false);
  seen.close();
  await sleep(20);
  expect(seen.asked).toBe(0);
});
