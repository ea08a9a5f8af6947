import type { Route } from '@ocelot/core';

import type { GatewayEnd } from './close-table.js';
import { nextLookMs } from './timer-wheel.js';
import type { Fault } from './transfer/transfer.js';

/** What has come to its end, and what the log says of it. */
export interface TimeUp {
  readonly event: GatewayEnd;
  readonly fault: Fault;
}

/** What a session has moved so far. */
export interface Activity {
  /** Bytes received from both sides. */
  readonly bytes: number;
  /** Data messages that passed, both ways. */
  readonly messages: number;
  /** Whether a data message is under way. */
  readonly isMidMessage: boolean;
  /** Whether a plugin keeps a side from being read: nobody is missed then. */
  readonly isBlocked: boolean;
}

/**
 * The time limits of one open session: idle, app idle, lifetime. Nothing is written down per frame: whether something
 * moved is seen by comparing counters, now and then.
 */
export class SessionWatch {
  readonly #idleMs: number;
  readonly #appIdleMs: number;
  readonly #endMs: number;
  #bytes = 0;
  #messages = 0;
  #movedMs: number;
  #spokeMs: number;

  /** @param random From 0 to 1: which part of the jitter this session gets. */
  constructor({ timeouts, lifetime, transfer }: Route, nowMs: number, random: number) {
    this.#idleMs = timeouts.idleMs || Infinity;
    // Opaque mode knows no messages.
    this.#appIdleMs = (transfer === 'opaque' ? 0 : timeouts.appIdleMs) || Infinity;
    this.#endMs = lifetime.maxMs === 0 ? Infinity : nowMs + lifetime.maxMs * (1 - lifetime.jitter * random);
    this.#movedMs = nowMs;
    this.#spokeMs = nowMs;
  }

  /** @returns which limit is reached, if one is. */
  look(nowMs: number, { bytes, messages, isMidMessage, isBlocked }: Activity): TimeUp | undefined {
    const hasMoved = bytes !== this.#bytes || isBlocked;
    if (hasMoved) this.#movedMs = nowMs;
    // A message larger than what passes within the limit is no silence.
    if (messages !== this.#messages || isBlocked || (hasMoved && isMidMessage)) this.#spokeMs = nowMs;
    this.#bytes = bytes;
    this.#messages = messages;
    if (nowMs - this.#movedMs >= this.#idleMs) return timeUp('idle', `no byte for ${this.#idleMs} ms (IdleTimeoutMs)`);
    if (nowMs - this.#spokeMs >= this.#appIdleMs) {
      return timeUp('app-idle', `no data message for ${this.#appIdleMs} ms (AppIdleTimeoutMs)`);
    }
    return nowMs >= this.#endMs ? timeUp('lifetime', 'the age of MaxLifetimeMs, less its jitter') : undefined;
  }

  /** When to look next. */
  nextMs(nowMs: number): number {
    return Math.min(
      this.#endMs,
      nextLookMs(nowMs, this.#movedMs, this.#idleMs),
      nextLookMs(nowMs, this.#spokeMs, this.#appIdleMs),
    );
  }
}

/** The watch of a session, or undefined when its route sets no limit of time. */
export function sessionWatch(route: Route, nowMs: number, random: () => number): SessionWatch | undefined {
  const { timeouts, lifetime } = route;
  const hasLimit = timeouts.idleMs + timeouts.appIdleMs + lifetime.maxMs > 0;
  return hasLimit ? new SessionWatch(route, nowMs, random()) : undefined;
}

function timeUp(event: GatewayEnd, what: string): TimeUp {
  return { event, fault: { what } };
}
