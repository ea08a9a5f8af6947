import { paced } from './paced.js';

/** What a policy of one pool tells the same pool in other workers. */
export type Note = readonly [pool: string, note: string];

/** The first note after a rest is told at once: a client may come back within milliseconds. */
const INTERVAL_MS = 5;
/** Notes that wait for a reader which does not read; beyond it the oldest are dropped. */
const MOST_WAITING = 20_000;

/** Notes on their way to one process, a few milliseconds' worth in each message. */
export class GatheredNotes {
  #waiting: Note[] = [];
  readonly #telling: { request(): void; close(): void };

  /** @param tell calls `done` once the notes are on their way. */
  constructor(tell: (notes: readonly Note[], done: () => void) => void) {
    this.#telling = paced(INTERVAL_MS, (done) => {
      const notes = this.#waiting;
      this.#waiting = [];
      tell(notes, done);
    });
  }

  add(notes: readonly Note[]): void {
    for (const note of notes) this.#waiting.push(note);
    if (this.#waiting.length > MOST_WAITING) this.#waiting = this.#waiting.slice(-MOST_WAITING / 2);
    this.#telling.request();
  }

  close(): void {
    this.#telling.close();
  }
}
