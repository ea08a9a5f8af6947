/** How often a worker is asked. */
const INTERVAL_MS = 5_000;
/** So many questions without an answer in between: half a minute. */
const MOST_UNANSWERED = 6;

/** What a heartbeat needs; times are for tests. */
export interface HeartbeatOptions {
  /** Asks the worker for a sign of life. */
  readonly ask: () => void;
  /** The worker's event loop stands still; called once. */
  readonly silent: (forMs: number) => void;
  readonly intervalMs?: number;
  readonly mostUnanswered?: number;
}

/**
 * Finds a worker that exists and does nothing: an endless loop in a plugin, a stopped process. The kernel would go on
 * giving it its share of the connections.
 *
 * It counts questions, not time: when the whole machine was asleep no worker is to blame.
 */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #unanswered = 0;

  constructor({ ask, silent, intervalMs = INTERVAL_MS, mostUnanswered = MOST_UNANSWERED }: HeartbeatOptions) {
    this.#timer = setInterval(() => {
      if (this.#unanswered >= mostUnanswered) {
        this.close();
        silent(this.#unanswered * intervalMs);
        return;
      }
      this.#unanswered += 1;
      ask();
    }, intervalMs).unref();
  }

  /** The worker said something, whatever it was. */
  heard(): void {
    this.#unanswered = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
