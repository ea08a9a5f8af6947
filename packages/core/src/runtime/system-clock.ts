import type { Clock } from '../contracts/clock.js';

/** Longest delay a JavaScript timer takes (2^31 - 1 ms); longer ones would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The real clock. Timers do not keep the process alive; delays beyond 24.8 days are cut into parts. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(ms, fire) {
    let remaining = ms;
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const part = Math.min(remaining, LONGEST_TIMER_MS);
      remaining -= part;
      handle = setTimeout(remaining > 0 ? arm : fire, part);
      handle.unref();
    };
    arm();
    return { clear: () => clearTimeout(handle) };
  },
};
