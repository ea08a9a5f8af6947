// Hot path: `spend` runs once per frame in sessions with a limit of that direction. It allocates nothing until the limit
// is reached. One timer at most, while the sender is paused.

import { type Clock, type Direction, GatewayError, type TappedSession, type Timer } from '@ocelot/core';

import type { LimitReport } from './limit-report.js';
import type { StreamLimit } from './stream-limits.js';
import type { TokenBucket } from './token-bucket.js';

/** Less debt than this is not worth a pause: it is paid with the next one, in milliseconds. */
const SHORTEST_PAUSE_MS = 5;

/** A pause is looked at again after so many milliseconds; the most that a timer takes is 2^31. */
const LONGEST_TIMER_MS = 3_600_000;

/** What a {@link Pace} is made of. */
export interface PaceInit {
  readonly limit: StreamLimit;
  readonly direction: Direction;
  /** Of the connection, of its client, of its route: those that the limit has. */
  readonly buckets: readonly TokenBucket[];
  readonly session: TappedSession;
  readonly report: LimitReport;
  readonly clock: Clock;
}

/** Keeps the sender of one direction of one session to one limit: pauses it until its debt is paid, or ends the session. */
export class Pace {
  readonly #init: PaceInit;
  #resumeMs = 0;
  #timer: Timer | undefined;
  #isOver = false;

  /** The timer is gone at the end of the exchange. */
  constructor(init: PaceInit) {
    this.#init = init;
    init.session.exchange.defer(() => {
      this.#isOver = true;
      this.#timer?.clear();
    });
  }

  /** Whether the sender is held back now. */
  get isPaused(): boolean {
    return this.#timer !== undefined;
  }

  /** The session begins: who joins a bucket in debt waits for it, or to connect anew would be a way around it. */
  begin(): void {
    if (this.#init.limit.action === 'pause') this.spend(0);
  }

  /** Takes what passes. */
  spend(amount: number): void {
    const { buckets, clock, limit } = this.#init;
    const nowMs = clock.now();
    let waitMs = 0;
    for (let index = 0; index < buckets.length; index += 1) {
      const ofBucket = buckets[index]?.take(amount, nowMs) ?? 0;
      if (ofBucket > waitMs) waitMs = ofBucket;
    }
    if (waitMs === 0 || this.#isOver) return;
    if (limit.action === 'close') this.#close();
    else if (waitMs >= SHORTEST_PAUSE_MS) this.#pause(nowMs, waitMs);
  }

  #close(): void {
    const { limit, direction, session, report } = this.#init;
    this.#isOver = true;
    report.reached();
    session.fail(
      new GatewayError('OCELOT_ERR_RATE_LIMITED', {
        closeCode: limit.closeCode,
        source: direction === 'to-backend' ? 'client' : 'backend',
        message: `Too many ${limit.unit}.`,
        details: { limit: limit.unit, direction },
      }),
    );
  }

  #pause(nowMs: number, waitMs: number): void {
    const { session, direction, report } = this.#init;
    this.#resumeMs = Math.max(this.#resumeMs, nowMs + waitMs);
    if (this.#timer !== undefined) return;
    report.reached();
    session.pause(direction);
    this.#wait(waitMs);
  }

  #wait(ms: number): void {
    this.#timer = this.#init.clock.setTimer(Math.min(Math.ceil(ms), LONGEST_TIMER_MS), () => this.#look());
  }

  #look(): void {
    const leftMs = this.#resumeMs - this.#init.clock.now();
    if (leftMs > 0) {
      this.#wait(leftMs);
      return;
    }
    this.#timer = undefined;
    this.#init.session.resume(this.#init.direction);
  }
}
