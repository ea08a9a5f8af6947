import { expect, it } from 'vitest';

import { HEALTHY_MS, MOST_QUICK_ENDS, RestartPolicy } from '../../src/workers/restart-policy.js';

it('replaces a worker at once, then waits twice as long each time, and gives up after too many quick ends', () => {
  const policy = new RestartPolicy();
  const delays = Array.from({ length: MOST_QUICK_ENDS }, () => policy.ended(10));
  expect(delays).toEqual([0, 200, 400, 800, undefined]);
});

it('begins to count anew once a worker has served long enough', () => {
  const policy = new RestartPolicy();
  policy.ended(10);
  policy.ended(10);
  expect(policy.ended(HEALTHY_MS)).toBe(0);
  expect(policy.ended(10)).toBe(200);
});
