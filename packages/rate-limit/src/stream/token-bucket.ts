// Hot path: `take` runs once per frame and bucket, on routes with a limit of messages or bytes. It allocates nothing.

/** How much may pass: so much a second, and so much at once after a pause. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Counts what passes against a rate. What is too much becomes a debt that time pays back, so the rate holds in the long run. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /** Begins full. */
  constructor(rate: Rate, nowMs: number) {
    this.#perMs = rate.perSecond / 1000;
    this.#burst = rate.burst;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  /**
   * Takes an amount, into debt if need be.
   * @returns milliseconds until the debt is paid; 0 when there is none.
   */
  take(amount: number, nowMs: number): number {
    this.#refill(nowMs);
    this.#tokens -= amount;
    return this.#tokens < 0 ? -this.#tokens / this.#perMs : 0;
  }

  /** Whether an amount can be taken without debt. */
  has(amount: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= amount;
  }

  /** Whether the bucket is as a new one would be. */
  isFull(nowMs: number): boolean {
    return this.has(this.#burst, nowMs);
  }

  #refill(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
  }
}
