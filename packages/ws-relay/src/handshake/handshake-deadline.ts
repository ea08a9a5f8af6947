import { type Clock, GatewayError, type Timer } from '@ocelot/core';

import type { HandshakeAbort } from './handshake-abort.js';

/**
 * The time limit of one handshake, from its request to the backend's 101: aborts with HANDSHAKE_TIMEOUT, or with
 * BACKEND_TIMEOUT once admitted. A limit of 0 is none.
 */
export class HandshakeDeadline {
  readonly #clock: Clock;
  readonly #abort: HandshakeAbort;
  #startedMs: number;
  #limitMs: number;
  #isAdmitted = false;
  #timer: Timer | undefined;
  #heldFromMs = 0;

  constructor(clock: Clock, limitMs: number, abort: HandshakeAbort) {
    this.#clock = clock;
    this.#abort = abort;
    this.#startedMs = clock.now();
    this.#limitMs = limitMs;
    this.#arm();
  }

  /** How long the handshake has taken so far, in milliseconds. */
  get elapsedMs(): number {
    return this.#clock.now() - this.#startedMs;
  }

  /** The route is known: its limit counts from the beginning, and what takes long from here on is the backend. */
  admitted(routeMs: number): void {
    this.#isAdmitted = true;
    if (routeMs === this.#limitMs) return;
    this.#limitMs = routeMs;
    this.#arm();
  }

  /** What comes now takes time that is not the handshake's. Once, followed by {@link HandshakeDeadline.goOn}. */
  hold(): void {
    this.#heldFromMs = this.#clock.now();
    this.clear();
  }

  /** The handshake goes on. */
  goOn(): void {
    this.#startedMs += this.#clock.now() - this.#heldFromMs;
    this.#arm();
  }

  /** Idempotent. */
  clear(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #arm(): void {
    this.clear();
    if (this.#limitMs <= 0) return;
    const remainingMs = Math.max(1, this.#startedMs + this.#limitMs - this.#clock.now());
    this.#timer = this.#clock.setTimer(remainingMs, () => this.#abort.abort(this.#error()));
  }

  #error(): GatewayError {
    const limitMs = this.#limitMs;
    if (!this.#isAdmitted) return new GatewayError('OCELOT_ERR_HANDSHAKE_TIMEOUT', { details: { limitMs } });
    const details = { reason: `no answer to the handshake within ${limitMs} ms` };
    return new GatewayError('OCELOT_ERR_BACKEND_TIMEOUT', { details });
  }
}
