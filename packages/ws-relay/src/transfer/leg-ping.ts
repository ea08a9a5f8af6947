import type { RoutePing } from '@ocelot/core';

import { nextLookMs } from '../timer-wheel.js';
import type { Leg } from './leg.js';

/** What a look at a leg finds: time for a ping, a dead peer, or no place for a ping because the other side stalls. */
export type PingVerdict = 'ping' | 'silent' | 'stalled';

/**
 * Whether the peer of one leg is still there (RFC 6455 §5.5.2). Every byte from it counts as life; so does taking bytes
 * once its buffers are full, which only a peer that acknowledges can. A leg that the gateway itself holds back is not
 * judged.
 */
export class LegPing {
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #leg: Leg;
  /** The other leg: its frames have to leave a place for the ping. */
  readonly #source: Leg;
  #heardMs: number;
  #askedMs = Infinity;
  #sentMs = Infinity;
  #received: number;
  #sourceReceived = 0;
  #queued = 0;
  #taken = 0;

  constructor({ intervalMs, timeoutMs }: RoutePing, leg: Leg, source: Leg, nowMs: number) {
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs === 0 ? Infinity : timeoutMs;
    this.#leg = leg;
    this.#source = source;
    this.#heardMs = nowMs;
    this.#received = leg.bytesReceived;
  }

  /** Whether a ping waits for its place. */
  get isWanted(): boolean {
    return this.#askedMs !== Infinity;
  }

  /** The ping was written. */
  sent(nowMs: number): void {
    this.#askedMs = Infinity;
    this.#sentMs = nowMs;
  }

  /** @param written Bytes that were passed on to the leg so far. */
  look(nowMs: number, written: number): PingVerdict | undefined {
    if (this.#hasLived(written)) {
      this.#heardMs = nowMs;
      this.#askedMs = Infinity;
      this.#sentMs = Infinity;
    } else if (nowMs - this.#sentMs >= this.#timeoutMs) {
      return 'silent';
    } else if (nowMs - this.#askedMs >= this.#timeoutMs) {
      // What is queued takes the place, and is not taken; or the other side stopped inside a frame.
      if (this.#leg.bytesQueued > 0) return 'silent';
      if (this.#source.bytesReceived === this.#sourceReceived && !this.#source.isPaused) return 'stalled';
      this.#ask(nowMs);
    } else if (!this.isWanted && nowMs - this.#restedMs >= this.#intervalMs) {
      this.#ask(nowMs);
      return 'ping';
    }
    return undefined;
  }

  /** When to look next. */
  nextMs(nowMs: number): number {
    const waitedFromMs = Math.min(this.#sentMs, this.#askedMs);
    if (waitedFromMs === Infinity) return nextLookMs(nowMs, this.#heardMs, this.#intervalMs);
    const limitMs = this.#timeoutMs === Infinity ? this.#intervalMs : this.#timeoutMs;
    return nextLookMs(nowMs, this.#timeoutMs === Infinity ? nowMs : waitedFromMs, limitMs);
  }

  /** From when the interval to the next ping runs. */
  get #restedMs(): number {
    if (this.#sentMs === Infinity) return this.#heardMs;
    // Without a timeout nobody waits for the answer; behind what is not taken, pings would only pile up.
    return this.#timeoutMs === Infinity && this.#queued === 0 ? this.#sentMs : Infinity;
  }

  #ask(nowMs: number): void {
    this.#askedMs = nowMs;
    this.#sourceReceived = this.#source.bytesReceived;
  }

  #hasLived(written: number): boolean {
    const { bytesReceived, bytesQueued, isPaused } = this.#leg;
    const taken = written - bytesQueued;
    const hasTaken = this.#queued > 0 && taken > this.#taken;
    const hasSent = bytesReceived !== this.#received;
    this.#received = bytesReceived;
    this.#queued = bytesQueued;
    this.#taken = taken;
    return hasSent || hasTaken || isPaused;
  }
}
