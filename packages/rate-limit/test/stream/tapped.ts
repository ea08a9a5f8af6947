import type { Direction, Exchange, GatewayError, GatewayEvent, TappedSession } from '@ocelot/core';
import { FakeClock, MemoryLogger } from '@ocelot/core/testing';

import { LimitReport } from '../../src/stream/limit-report.js';
import { Pace } from '../../src/stream/pace.js';
import type { StreamLimit } from '../../src/stream/stream-limits.js';
import { type Rate, TokenBucket } from '../../src/stream/token-bucket.js';

/** One direction of a session that only notes what it is asked for. */
export interface Tapped {
  readonly clock: FakeClock;
  readonly pace: Pace;
  readonly buckets: readonly TokenBucket[];
  readonly log: MemoryLogger;
  readonly events: readonly GatewayEvent[];
  /** `pause`, `resume`, or the error that ended it, with the time. */
  readonly calls: readonly string[];
  /** Ends the exchange. */
  readonly end: () => void;
}

/** Makes a pace from the client, with a bucket for each rate. */
export function tapped(rates: readonly Rate[], more: Partial<StreamLimit> = {}): Tapped {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const events: GatewayEvent[] = [];
  const calls: string[] = [];
  const deferred: (() => void)[] = [];
  const note = (what: string): void => void calls.push(`${clock.now()} ${what}`);
  const exchange: object = {
    id: 'x1',
    route: { id: 'chat' },
    log,
    defer: (callback: () => void) => void deferred.push(callback),
  };
  const session: TappedSession = {
    exchange: exchange as Exchange,
    send: () => false,
    close: () => note('close'),
    fail: (error: GatewayError) => note(`${error.code} ${String(error.closeCode)} ${error.source}`),
    pause: (direction: Direction) => note(`pause ${direction}`),
    resume: (direction: Direction) => note(`resume ${direction}`),
  };
  const limit: StreamLimit = {
    unit: 'messages',
    directions: ['to-backend'],
    action: 'pause',
    closeCode: 1008,
    rates: rates.map((rate) => ({ scope: 'connection', rate })),
    ...more,
  };
  const direction = limit.directions[0] ?? 'to-backend';
  const context = { clock, record: (event: GatewayEvent) => void events.push(event) };
  const report = new LimitReport(context, session.exchange, limit, direction);
  const buckets = rates.map((rate) => new TokenBucket(rate, clock.now()));
  const pace = new Pace({ limit, direction, buckets, session, report, clock });
  return {
    clock,
    pace,
    buckets,
    log,
    events,
    calls,
    end: () => {
      for (const callback of deferred.toReversed()) callback();
    },
  };
}
