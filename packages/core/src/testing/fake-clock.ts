import type { Clock, Timer } from '../contracts/clock.js';

/** More timers than this in one {@link FakeClock.advance} can only be a timer that sets itself again with no delay. */
const MOST_TIMERS_PER_ADVANCE = 100_000;

/** Turns of the microtask queue that {@link FakeClock.advanceAsync} grants between two timers. */
const TURNS_BETWEEN_TIMERS = 20;

interface PendingTimer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/**
 * A clock that stands still until a test moves it. For tests of anything that takes a {@link Clock}.
 *
 * @example
 * const clock = new FakeClock();
 * clock.setTimer(100, () => console.log('fired at', clock.now()));
 * clock.advance(250); // prints: fired at 100
 */
export class FakeClock implements Clock {
  #nowMs: number;
  // Kept in order of firing: by due time, then by order of setting.
  readonly #timers: PendingTimer[] = [];

  /** @param startMs What `now()` says at first. @default 0 */
  constructor(startMs: number = 0) {
    this.#nowMs = startMs;
  }

  /** How many timers are set and have neither fired nor been cleared. A test that ends with 0 leaked none. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer fires; undefined when none is set. */
  get nextDelayMs(): number | undefined {
    const next = this.#timers[0];
    return next === undefined ? undefined : next.dueMs - this.#nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(ms: number, fire: () => void): Timer {
    // As Node's setTimeout: what is no positive number means "as soon as possible".
    const timer: PendingTimer = { dueMs: this.#nowMs + (ms > 0 ? ms : 0), fire };
    const after = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(after === -1 ? this.#timers.length : after, 0, timer);
    return {
      clear: () => {
        const index = this.#timers.indexOf(timer);
        if (index !== -1) this.#timers.splice(index, 1);
      },
    };
  }

  /**
   * Moves time on by `ms` and fires every timer that falls due, in order, each at its own time; timers set meanwhile
   * fire too when they fall into the same span. `advance(0)` fires what is due now.
   * @throws Error when a timer sets itself again and again without delay; what a timer throws passes through.
   */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let fired = 0; this.#fireNext(untilMs); fired += 1) refuseEndlessTimers(fired);
    this.#nowMs = untilMs;
  }

  /**
   * As {@link advance}, and lets promises settle before, between and after the timers, so that code which awaits
   * between two timers gets its turn. Real I/O is not waited for.
   */
  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let fired = 0; this.#fireNext(untilMs); fired += 1) {
      refuseEndlessTimers(fired);
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #fireNext(untilMs: number): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.shift();
    this.#nowMs = next.dueMs;
    next.fire();
    return true;
  }
}

function refuseEndlessTimers(fired: number): void {
  if (fired < MOST_TIMERS_PER_ADVANCE) return;
  throw new Error(`${MOST_TIMERS_PER_ADVANCE} timers fired in one advance: a timer sets itself again without delay.`);
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS_BETWEEN_TIMERS; turn += 1) await Promise.resolve();
}
