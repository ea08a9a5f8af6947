import type { Clock } from '@ocelot/core';

/** Waits `ms` milliseconds, or until `signal` aborts: then it ends at once, without an error. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      timer.clear();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(ms, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
