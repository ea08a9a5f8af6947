import type { Clock } from '@ocelot/core';

import type { Answer, Question } from './consul-client.js';
import { pause } from './pause.js';

/** First wait after a failure; doubled with each further one. */
const FIRST_RETRY_MS = 100;
/** Once Consul is back it is noticed within this. */
const LONGEST_RETRY_MS = 2_000;
/** Rounds begin at least so far apart: a service that changes all the time must not keep the gateway busy. */
const SHORTEST_ROUND_MS = 100;
/** Pause between questions where answers do not block. */
const UNBLOCKED_ROUND_MS = 1_000;

/** What a {@link BlockingLoop} asks, and whom it tells. */
export interface BlockingLoopOptions<T> {
  readonly clock: Clock;
  readonly random: () => number;
  ask(question: Question): Promise<Answer<T>>;
  /**
   * Takes an answer.
   * @returns Milliseconds after which it is to be asked for once more from the beginning, because the answer is not
   *   believed yet; undefined to go on.
   */
  accept(value: T): number | undefined;
  /** A question failed. The loop goes on. */
  failed(error: Error): void;
  /** The index went back: Consul was restarted or restored, and what it says is new from the beginning. */
  restarted?(): void;
}

/**
 * Asks one blocking query after another (https://developer.hashicorp.com/consul/api-docs/features/blocking), until
 * stopped. Begins again from index 0 after a failure, after a pause and when the index goes back. At most one question
 * and one timer at a time; tells nobody before `start` has returned, nor after `stop` was called.
 */
export class BlockingLoop<T> {
  readonly #options: BlockingLoopOptions<T>;
  readonly #stopped = new AbortController();
  /** Of the last answer. */
  #index = 0;
  /**
   * Whether the next question is put without an index. It is after every pause: a Consul that was restarted meanwhile
   * would hold a question with its old, higher index until the wait is over, and tell nothing. A question under way
   * is cut by a restart, so that no restart goes unseen.
   */
  #isFromStart = true;
  #failures = 0;

  constructor(options: BlockingLoopOptions<T>) {
    this.#options = options;
  }

  start(): void {
    void this.#run();
  }

  /** Idempotent. Aborts the running question: its connection is closed at once. */
  stop(): void {
    this.#stopped.abort();
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const pauseMs = await this.#round();
      await pause(this.#options.clock, pauseMs, this.#stopped.signal);
    }
  }

  /** @returns How long to pause before the next round, in milliseconds. */
  async #round(): Promise<number> {
    const { clock } = this.#options;
    const startedMs = clock.now();
    const askedFrom = this.#isFromStart ? 0 : this.#index;
    this.#isFromStart = true;
    try {
      const answer = await this.#options.ask({ index: askedFrom, signal: this.#stopped.signal });
      if (this.#isStopped) return 0;
      const takenMs = clock.now() - startedMs;
      this.#moveTo(answer.index);
      const againMs = this.#options.accept(answer.value);
      this.#failures = 0;
      if (againMs !== undefined) return againMs;
      const hasNotMoved = askedFrom > 0 && askedFrom === answer.index;
      const doesNotBlock = answer.index === 0 || (hasNotMoved && takenMs < SHORTEST_ROUND_MS);
      if (doesNotBlock) return UNBLOCKED_ROUND_MS;
      if (askedFrom > 0 && takenMs < SHORTEST_ROUND_MS) return SHORTEST_ROUND_MS - takenMs;
      this.#isFromStart = this.#index === 0;
      return 0;
    } catch (error) {
      if (this.#isStopped) return 0;
      this.#failures += 1;
      this.#index = 0;
      this.#options.failed(error instanceof Error ? error : new Error(String(error)));
      return this.#retryPauseMs();
    }
  }

  #moveTo(index: number): void {
    if (index < this.#index) {
      this.#index = 0;
      this.#options.restarted?.();
    } else this.#index = index;
  }

  #retryPauseMs(): number {
    const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS);
    return pauseMs * (0.5 + this.#options.random() / 2);
  }
}
