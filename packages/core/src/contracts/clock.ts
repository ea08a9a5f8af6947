/** Time, injected everywhere so that tests can move it. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  now(): number;
  /** Calls `fire` once after `ms` milliseconds unless cleared. Does not keep the process alive. */
  setTimer(ms: number, fire: () => void): Timer;
}

/** A running timer. */
export interface Timer {
  /** Idempotent. */
  clear(): void;
}
