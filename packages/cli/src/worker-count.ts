import { availableParallelism } from 'node:os';

import { InvalidArgumentError } from 'commander';

/** More processes than any machine this was tried on has processors for; a slip of the finger asks for more. */
const MOST_WORKERS = 256;

/**
 * Reads the value of `--workers`: a number, or `auto` for as many as this process may use processors.
 * @throws InvalidArgumentError
 */
export function parseWorkers(text: string): number {
  if (text === 'auto') return Math.min(availableParallelism(), MOST_WORKERS);
  const count = Number(text);
  if (!/^\d{1,3}$/.test(text) || count < 1 || count > MOST_WORKERS)
    throw new InvalidArgumentError(`It is a number from 1 to ${MOST_WORKERS}, or auto: one for each processor.`);
  return count;
}
