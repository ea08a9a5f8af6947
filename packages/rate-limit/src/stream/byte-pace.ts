// Hot path: `frame` runs once per frame in sessions with a limit of bytes. It allocates nothing for frames up to 64 KiB;
// a larger one has a timer until it has passed.

import type { Clock, Timer } from '@ocelot/core';

import type { Pace } from './pace.js';

/** So much of a frame is taken at its header. What a header announces may never come: the rest is taken as it passes. */
const AT_ONCE_BYTES = 65_536;

/** How often a large frame is looked at while it passes, in milliseconds: less often the less comes of it. */
const FOLLOW_MS = 50;
const LONGEST_FOLLOW_MS = 1000;

/** Counts the bytes of one direction of one session against a {@link Pace}: of payload, as on the wire. */
export class BytePace {
  readonly #pace: Pace;
  readonly #clock: Clock;
  readonly #passed: () => number;
  /** Of the frame that is on its way: bytes not taken yet, and how many had passed in all when it began. */
  #untaken = 0;
  #seen = 0;
  #everyMs = FOLLOW_MS;
  #timer: Timer | undefined;

  /** @param passed Bytes that passed in this direction so far; it may count some that no frame was told of yet. */
  constructor(pace: Pace, clock: Clock, passed: () => number) {
    this.#pace = pace;
    this.#clock = clock;
    this.#passed = passed;
  }

  /** A frame begins. */
  frame(payloadBytes: number): void {
    if (this.#timer !== undefined) this.#endFollowing();
    if (payloadBytes <= AT_ONCE_BYTES) {
      this.#pace.spend(payloadBytes);
      return;
    }
    this.#untaken = payloadBytes - AT_ONCE_BYTES;
    this.#seen = this.#passed() + AT_ONCE_BYTES;
    this.#everyMs = FOLLOW_MS;
    this.#follow();
    this.#pace.spend(AT_ONCE_BYTES);
  }

  /** The session is over. Idempotent. */
  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** The next frame begins: all of the one before has passed. */
  #endFollowing(): void {
    this.close();
    const rest = this.#untaken;
    this.#untaken = 0;
    this.#pace.spend(rest);
  }

  #follow(): void {
    this.#timer = this.#clock.setTimer(this.#everyMs, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const passed = this.#passed();
    const came = Math.min(Math.max(0, passed - this.#seen), this.#untaken);
    this.#seen = Math.max(this.#seen, passed);
    this.#untaken -= came;
    this.#everyMs = came < AT_ONCE_BYTES ? Math.min(2 * this.#everyMs, LONGEST_FOLLOW_MS) : FOLLOW_MS;
    if (this.#untaken > 0) this.#follow();
    if (came > 0) this.#pace.spend(came);
  }
}
