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

/**
 * Decides about a message by all limits of its direction: true lets it pass. A message that is dropped takes nothing
 * from any bucket.
 */
export function passes(droppings: readonly Dropping[], direction: Direction, message: Message, clock: Clock): boolean {
  const nowMs = clock.now();
  for (const dropping of droppings) {
    if (dropping.direction !== direction || hasRoom(dropping, message, nowMs)) continue;
    dropping.report.reached();
    return false;
  }
  for (const dropping of droppings) {
    if (dropping.direction !== direction) continue;
    for (const bucket of dropping.buckets) bucket.take(amountOf(dropping, message), nowMs);
  }
  return true;
}

function hasRoom(dropping: Dropping, message: Message, nowMs: number): boolean {
  const amount = amountOf(dropping, message);
  return dropping.buckets.every((bucket) => bucket.has(amount, nowMs));
}

function amountOf({ unit }: Dropping, message: Message): number {
  return unit === 'messages' ? 1 : message.data.byteLength;
}
