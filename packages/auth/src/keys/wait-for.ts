import type { VerifyContext } from '../providers/provider.js';

/**
 * Waits for `work`, but not beyond the context's signal: the work goes on for others who wait for it.
 * @throws the signal's reason when it aborts first.
 */
export async function waitFor<T>(work: Promise<T>, context: VerifyContext): Promise<T> {
  const { signal } = context;
  let giveUp: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    if (giveUp !== undefined) signal.removeEventListener('abort', giveUp);
  }
}
