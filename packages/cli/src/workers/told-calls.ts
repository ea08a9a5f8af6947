import type { ControlQuestion } from '../control/control-desk.js';

/** Revocations of a bad day; what an operator does by hand is a handful. */
const MOST_CALLS = 10_000;
const MOST_CHARACTERS = 8_388_608;

/**
 * The control calls that changed something, in their order: a worker that takes the place of another has to be told them
 * as well, or whoever was revoked would come in there. Bounded: the oldest give way.
 */
export class ToldCalls {
  readonly #calls = new Set<ControlQuestion>();
  readonly #mostCalls: number;
  #characters = 0;
  #dropped = 0;

  /** @param mostCalls a parameter for tests. */
  constructor(mostCalls: number = MOST_CALLS) {
    this.#mostCalls = mostCalls;
  }

  get all(): readonly ControlQuestion[] {
    return [...this.#calls];
  }

  /** How many were forgotten because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** To be called before any worker is asked: one that joins meanwhile must not miss it. Reading calls are not kept. */
  add(question: ControlQuestion): void {
    if (question.method === 'GET') return;
    this.#calls.add(question);
    this.#characters += sizeOf(question);
    while (this.#calls.size > this.#mostCalls || this.#characters > MOST_CHARACTERS) {
      const [oldest] = this.#calls;
      if (oldest === undefined) return;
      this.forget(oldest);
      this.#dropped += 1;
    }
  }

  /** It was refused, so it changed nothing. */
  forget(question: ControlQuestion): void {
    if (this.#calls.delete(question)) this.#characters -= sizeOf(question);
  }
}

function sizeOf({ path, query, headers, body }: ControlQuestion): number {
  const ofHeaders = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return path.length + query.length + body.length + ofHeaders;
}
