import { AuthFailure } from '../providers/auth-failure.js';

/** What a {@link WorkQueue} allows. */
export interface WorkQueueLimits {
  /** Most pieces of work at a time. */
  readonly running: number;
  /** Most that wait; the next one fails at once. */
  readonly waiting: number;
}

/** Runs so many pieces of work at a time, and lets so many wait: verification that costs something needs a limit. */
export class WorkQueue {
  readonly #limits: WorkQueueLimits;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: WorkQueueLimits) {
    this.#limits = limits;
  }

  /** @throws AuthFailure unavailable (as a rejection) when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.running) await this.#turn();
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // Whoever is next takes the place of this one, so `#running` stays.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#limits.waiting) {
      throw new AuthFailure('overloaded', 'Too many credentials wait to be checked.', { isUnavailable: true });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
