import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of the young generation, both halves, from which it does not grow any more. */
const BOUND_BYTES = 8 * 1024 * 1024;

/** Who sets one of these knows better. */
const OWN_CHOICE = /--(?:max|min)-semi-space-size|--semi-space-growth-factor/;

/**
 * Stops the growth of V8's young generation at 8 MiB. Every session is made of objects that survive, which V8 takes as
 * a reason to grow it to 32 MiB, for good: with 5000 idle sessions that is a third of the memory of each, and what it
 * saves is collections that find next to nothing, since a relay makes no garbage per message.
 *
 * For the owner of the process, once. Does nothing where the flags of the process choose a size.
 */
export function boundYoungGeneration(): void {
  if (OWN_CHOICE.test(`${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`)) return;
  const observer = new PerformanceObserver(() => {
    if (youngBytes() < BOUND_BYTES) return;
    observer.disconnect();
    setFlagsFromString('--semi-space-growth-factor=1');
  });
  observer.observe({ entryTypes: ['gc'] });
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
