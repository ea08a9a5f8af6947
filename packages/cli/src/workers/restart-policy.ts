/** A worker that accepted for this long was no crash at start: the next one counts from the beginning. */
export const HEALTHY_MS = 10_000;
/** So many quick ends in a row are no accident. */
export const MOST_QUICK_ENDS = 5;
/** The first replacement comes at once; after that the wait doubles from here. */
const FIRST_DELAY_MS = 200;

/** When one worker is replaced after it ended by itself, and when it is given up. One for each worker. */
export class RestartPolicy {
  #quickEnds = 0;

  /**
   * Takes note of an end.
   * @param servedMs how long the worker had accepted connections; 0 when it never did.
   * @returns how long to wait before the replacement, in milliseconds; undefined: no more.
   */
  ended(servedMs: number): number | undefined {
    this.#quickEnds = servedMs >= HEALTHY_MS ? 1 : this.#quickEnds + 1;
    if (this.#quickEnds >= MOST_QUICK_ENDS) return undefined;
    return this.#quickEnds === 1 ? 0 : FIRST_DELAY_MS * 2 ** (this.#quickEnds - 2);
  }
}
