// Runs once per attempt on routes with QoSOptions: comparisons and additions, no allocation while the circuit is closed.
import type { BreakerState, Clock, Timer } from '@ocelot/core';

import type { BreakerOptions } from '../options/breaker-options.js';
import type { AttemptVerdict } from './attempt-verdict.js';
import { RollingWindow } from './rolling-window.js';

/** Told of each change of state, and when the place of a probe is taken or free again. */
export type BreakerWatch = (state: BreakerState) => void;

/**
 * A circuit breaker with the rules of Ocelot's built-in one (25.0): closed, open for `breakMs`, then half-open, in which
 * one attempt at a time passes as a probe. A probe that the client cancels frees its place (in Ocelot it never does, and
 * the circuit refuses for ever); so does one that has not ended after another `breakMs`.
 *
 * Attempts that began before the last change of state say nothing any more. Holds one timer while it is not closed:
 * `close` clears it.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #changed: BreakerWatch;
  readonly #window: RollingWindow | undefined;
  #state: BreakerState = 'closed';
  #consecutive = 0;
  #lastTicket = 0;
  /** Tickets from here on belong to the state in force. */
  #firstTicket = 1;
  /** Ticket of the probe that is out; 0: the place is free. */
  #probe = 0;
  #untilMs = 0;
  #timer: Timer | undefined;

  constructor(options: BreakerOptions, clock: Clock, changed: BreakerWatch) {
    this.#options = options;
    this.#clock = clock;
    this.#changed = changed;
    this.#window = options.failureRatio === undefined ? undefined : new RollingWindow(clock, options.samplingMs);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether an attempt may begin now. */
  get isPassable(): boolean {
    return this.#state === 'closed' || (this.#state === 'half-open' && this.#probe === 0);
  }

  /** Milliseconds until the next probe may pass; 0 when one may now. */
  get retryAfterMs(): number {
    return this.isPassable ? 0 : Math.max(0, this.#untilMs - this.#clock.now());
  }

  /** Failures that count now. */
  get failures(): number {
    return this.#window === undefined ? this.#consecutive : this.#window.marked;
  }

  /**
   * An attempt begins.
   * @returns its ticket, for {@link CircuitBreaker.end}.
   */
  begin(): number {
    this.#lastTicket += 1;
    if (this.#state === 'half-open' && this.#probe === 0) {
      this.#probe = this.#lastTicket;
      this.#arm(() => this.#freePlace());
      this.#changed('half-open');
    }
    return this.#lastTicket;
  }

  /** The attempt with that ticket ended. */
  end(ticket: number, verdict: AttemptVerdict): void {
    if (ticket < this.#firstTicket || this.#state === 'open') return;
    if (this.#state === 'half-open') this.#probeEnded(ticket, verdict);
    else if (verdict === 'failure') this.#failed();
    else if (verdict === 'success') {
      this.#consecutive = 0;
      this.#window?.add(false);
    }
  }

  /** Clears the timer. The breaker stays as it is. Idempotent. */
  close(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #failed(): void {
    const { failureRatio, minimumThroughput } = this.#options;
    const window = this.#window;
    if (window === undefined || failureRatio === undefined) {
      this.#consecutive += 1;
      if (this.#consecutive >= minimumThroughput) this.#open();
      return;
    }
    window.add(true);
    const { total, marked } = window;
    if (total >= minimumThroughput && marked / total >= failureRatio) this.#open();
  }

  #probeEnded(ticket: number, verdict: AttemptVerdict): void {
    if (verdict === 'success') this.#enter('closed');
    else if (verdict === 'failure') this.#open();
    else if (ticket === this.#probe) this.#freePlace();
  }

  #open(): void {
    this.#arm(() => this.#enter('half-open'));
    this.#enter('open');
  }

  #freePlace(): void {
    this.close();
    this.#probe = 0;
    this.#changed('half-open');
  }

  #enter(state: BreakerState): void {
    if (state !== 'open') this.close();
    this.#state = state;
    this.#firstTicket = this.#lastTicket + 1;
    this.#probe = 0;
    this.#consecutive = 0;
    this.#window?.clear();
    this.#changed(state);
  }

  #arm(fire: () => void): void {
    this.close();
    const { breakMs } = this.#options;
    this.#untilMs = this.#clock.now() + breakMs;
    this.#timer = this.#clock.setTimer(breakMs, fire);
  }
}
