import type { NoteBoard, NoteChannel } from '@ocelot/core';

import { GatheredNotes, type Note } from './gathered-notes.js';

/** A worker's side of what the policies of workers tell each other. */
export class RemoteNotes implements NoteBoard {
  readonly #heard = new Map<string, Set<(note: string) => void>>();
  readonly #telling: GatheredNotes;

  /** @param tell sends to the primary; calls `done` once that is on its way. */
  constructor(tell: (notes: readonly Note[], done: () => void) => void) {
    this.#telling = new GatheredNotes(tell);
  }

  open(pool: string, heard: (note: string) => void): NoteChannel {
    const listeners = this.#heard.get(pool) ?? new Set();
    this.#heard.set(pool, listeners.add(heard));
    let isOpen = true;
    return {
      tell: (note) => {
        if (isOpen) this.#telling.add([[pool, note]]);
      },
      close: () => {
        isOpen = false;
        listeners.delete(heard);
        if (listeners.size === 0 && this.#heard.get(pool) === listeners) this.#heard.delete(pool);
      },
    };
  }

  /** Takes what the primary passes on from the others. Notes of pools that are not open here are dropped. */
  take(notes: readonly Note[]): void {
    for (const [pool, note] of notes) for (const heard of this.#heard.get(pool) ?? []) heard(note);
  }
}
