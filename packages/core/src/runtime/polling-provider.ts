import type { Clock, Timer } from '../contracts/clock.js';
import type { EndpointObserver, ServiceDiscoveryProvider, Subscription } from '../contracts/discovery.js';
import type { Endpoint } from '../contracts/endpoint.js';
import type { ServiceRef } from '../contracts/route.js';
import { createEndpoint, type EndpointFields } from './create-endpoint.js';
import { systemClock } from './system-clock.js';

/** First wait after a failure; doubled with each further one. */
const FIRST_RETRY_MS = 100;
/** Failures never slow a provider down beyond this, however long its interval is. */
const LONGEST_RETRY_MS = 30_000;
/** A provider that polls faster than this slows down to it while it fails. */
const SHORTEST_RETRY_CEILING_MS = 1_000;

/** How a registry is asked. */
export interface PollingProviderOptions {
  /**
   * Asks the registry once and returns the whole current set; an empty one means "known to be none".
   * What it throws, or rejects with, is told to the observer, and the registry is asked again.
   * @param signal Aborts when the time is up or nobody wants the answer any more: hand it to `fetch` and the like.
   */
  fetch(service: ServiceRef, signal: AbortSignal): Promise<readonly EndpointFields[]> | readonly EndpointFields[];
  /** Milliseconds from an answer to the next question. */
  readonly intervalMs: number;
  /** Longest time for one answer, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
  /** @default systemClock */
  readonly clock?: Clock;
  /** Uniform in [0, 1), spreads retries. @default Math.random */
  readonly random?: () => number;
}

/**
 * Makes a discovery provider out of a function that asks a registry: each subscription asks at once, then every
 * `intervalMs`. A set equal to the last one is not told again, except after a failure, so that the observer learns of
 * the recovery. After a failure it asks again sooner, with waits that double and a jitter.
 *
 * @example
 * const registry = pollingProvider({
 *   intervalMs: 2000,
 *   fetch: async (service, signal) => (await fetch(`http://registry/${service.name}`, { signal })).json(),
 * });
 * @throws Error when `intervalMs` or `timeoutMs` is no number above 0.
 */
export function pollingProvider(options: PollingProviderOptions): ServiceDiscoveryProvider {
  requirePositive('intervalMs', options.intervalMs);
  if (options.timeoutMs !== undefined) requirePositive('timeoutMs', options.timeoutMs);
  const polls = new Set<Poll>();
  return {
    subscribe(service, observer) {
      const poll = new Poll(options, service, observer, () => polls.delete(poll));
      polls.add(poll);
      poll.start();
      return poll;
    },
    close: async () => {
      for (const poll of polls) poll.unsubscribe();
    },
  };
}

function requirePositive(name: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0) {
    throw new Error(`${name} must be a number of milliseconds above 0, not ${String(value)}.`);
  }
}

/** One subscription: asks, tells, waits, asks again. At most one question and one timer at a time. */
class Poll implements Subscription {
  readonly #options: PollingProviderOptions;
  readonly #service: ServiceRef;
  readonly #observer: EndpointObserver;
  readonly #ended: () => void;
  readonly #clock: Clock;
  #isActive = true;
  #failures = 0;
  /** The last set told, as text; undefined when the next one is news whatever it says. */
  #told: string | undefined;
  #timer: Timer | undefined;
  #question: AbortController | undefined;

  constructor(options: PollingProviderOptions, service: ServiceRef, observer: EndpointObserver, ended: () => void) {
    this.#options = options;
    this.#service = service;
    this.#observer = observer;
    this.#ended = ended;
    this.#clock = options.clock ?? systemClock;
  }

  start(): void {
    void this.#round();
  }

  unsubscribe(): void {
    this.#isActive = false;
    this.#timer?.clear();
    this.#question?.abort(new Error('the answer is no longer wanted'));
    this.#ended();
  }

  async #round(): Promise<void> {
    let waitMs = this.#options.intervalMs;
    try {
      const endpoints = (await this.#ask()).map(createEndpoint);
      if (!this.#isActive) return;
      this.#failures = 0;
      this.#tell(Object.freeze(endpoints));
    } catch (error) {
      if (!this.#isActive) return;
      this.#failures += 1;
      this.#told = undefined;
      waitMs = this.#retryWaitMs();
      this.#observer.failed(error instanceof Error ? error : new Error(String(error)));
    }
    // The observer may have unsubscribed while it was told.
    if (this.#isActive) this.#timer = this.#clock.setTimer(waitMs, () => void this.#round());
  }

  /** Never runs longer than the limit, also when `fetch` ignores its signal: a late answer is dropped. */
  async #ask(): Promise<readonly EndpointFields[]> {
    const timeoutMs = this.#options.timeoutMs ?? 10_000;
    const question = new AbortController();
    this.#question = question;
    const cut = new Promise<never>((_, reject) => {
      question.signal.addEventListener('abort', () => reject(question.signal.reason), { once: true });
    });
    this.#timer = this.#clock.setTimer(timeoutMs, () =>
      question.abort(new Error(`the registry did not answer for "${this.#service.name}" within ${timeoutMs} ms`)),
    );
    try {
      // Called a turn later, so that not even a function that throws at once reaches the observer before subscribe
      // has returned.
      const answer = Promise.resolve().then(() => this.#options.fetch(this.#service, question.signal));
      return await Promise.race([answer, cut]);
    } finally {
      this.#timer.clear();
    }
  }

  #tell(endpoints: readonly Endpoint[]): void {
    const text = JSON.stringify(endpoints);
    if (text === this.#told) return;
    this.#told = text;
    this.#observer.next(endpoints);
  }

  #retryWaitMs(): number {
    const { intervalMs, random = Math.random } = this.#options;
    const ceilingMs = Math.min(Math.max(intervalMs, SHORTEST_RETRY_CEILING_MS), LONGEST_RETRY_MS);
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), ceilingMs);
    return waitMs * (0.5 + random() / 2);
  }
}
