/** Lets a bounded number of checks run at once; the others wait in order. */
export class CheckSlots {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Runs `check` when it is its turn; a check that was given up meanwhile is asked for nothing. */
  async run(check: () => Promise<void>, signal: AbortSignal): Promise<void> {
    if (this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      if (!signal.aborted) await check();
    } finally {
      const next = this.#waiting.shift();
      // The place goes straight to the next one.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
