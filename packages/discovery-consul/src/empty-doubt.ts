/** Pause before an empty answer is asked for again. */
const ASK_AGAIN_MS = 250;
/** How often an empty answer is repeated until it is believed: once, or, after an outage, for five seconds. */
const REPEATS = 1;
const REPEATS_AFTER_OUTAGE = 20;

/**
 * Doubts that a service which had instances has none any more. A server that was restarted answers 200 with an empty
 * list while it recovers its data and while agents register again; believing it at once would refuse every client.
 * An ordinary departure of the last instance is confirmed in a quarter of a second.
 */
export class EmptyDoubt {
  #hadInstances = false;
  #isAfterOutage = false;
  #repeats = 0;

  /** The registry failed or began anew: the next empty answers are doubted for longer. */
  outage(): void {
    this.#isAfterOutage = true;
  }

  /**
   * Weighs an answer of `count` instances.
   * @returns Milliseconds after which to ask again, or undefined when the answer is to be believed.
   */
  weigh(count: number): number | undefined {
    const repeatsNeeded = this.#isAfterOutage ? REPEATS_AFTER_OUTAGE : REPEATS;
    if (count === 0 && this.#hadInstances && this.#repeats < repeatsNeeded) {
      this.#repeats += 1;
      return ASK_AGAIN_MS;
    }
    this.#hadInstances = count > 0;
    this.#isAfterOutage = false;
    this.#repeats = 0;
    return undefined;
  }
}
