// Hot path: once per message, on routes with a limit that drops.

import type { Clock, Direction, Message } from '@ocelot/core';

import type { LimitReport } from './limit-report.js';
import type { StreamUnit } from './stream-limits.js';
import type { TokenBucket } from './token-bucket.js';

/** What drops in one direction of one session. */
export interface Dropping {
  readonly unit: StreamUnit;
  readonly direction: Direction;
  readonly buckets: readonly TokenBucket[];
  readonly report: LimitReport;
}

/** Decides about a message: true lets it pass. A message that is dropped takes nothing from any bucket. */
export function passes({ unit, buckets, report }: Dropping, message: Message, clock: Clock): boolean {
  const nowMs = clock.now();
  const amount = unit === 'messages' ? 1 : message.data.byteLength;
  for (const bucket of buckets) {
    if (bucket.has(amount, nowMs)) continue;
    report.reached();
    return false;
  }
  for (const bucket of buckets) bucket.take(amount, nowMs);
  return true;
}
