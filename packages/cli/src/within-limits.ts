import type { Logger } from '@ocelot/core';

import { EXIT_CODES, type ExitCode } from './exit-codes.js';

/** What plugins and pools may take beyond the drain's own deadline before the process ends without them. */
export const CLOSE_GRACE_MS = 10_000;

/** Waits for the end in order, but neither for ever nor against the will of who sent a second signal. */
export async function withinLimits(
  stopping: Promise<ExitCode>,
  limitMs: number,
  force: Promise<void>,
  log: Logger,
): Promise<ExitCode> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), limitMs);
  });
  try {
    const end = await Promise.race([stopping, force.then(() => 'forced' as const), limit]);
    if (typeof end === 'number') return end;
    log.error({}, end === 'forced' ? 'second signal: ended at once' : `not closed within ${limitMs} ms: ended at once`);
    return EXIT_CODES.failure;
  } finally {
    clearTimeout(timer);
  }
}
