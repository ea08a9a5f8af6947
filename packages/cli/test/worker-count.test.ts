import { availableParallelism } from 'node:os';

import { expect, it } from 'vitest';

import { parseWorkers } from '../src/worker-count.js';

it('takes a number, or auto for one worker for each processor', () => {
  expect(parseWorkers('1')).toBe(1);
  expect(parseWorkers('16')).toBe(16);
  expect(parseWorkers('auto')).toBe(availableParallelism());
});

it.each(['0', '-1', '1.5', '257', '1e2', 'x', '', 'all'])('refuses "%s" with what it may be', (text) => {
  expect(() => parseWorkers(text)).toThrow('It is a number from 1 to 256, or auto');
});
