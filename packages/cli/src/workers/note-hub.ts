import { GatheredNotes, type Note } from './gathered-notes.js';

/** One worker process, as the hub sees it. */
export interface NoteMember {
  /** Tells the worker what another one told; `done` once that is on its way. Never throws. */
  tellNotes(notes: readonly Note[], done: () => void): void;
}

/** The primary's side of what the policies of workers tell each other: passes each note on to all other workers. */
export class NoteHub {
  readonly #members = new Map<NoteMember, GatheredNotes>();

  /** A worker takes part from now on; of what was told before it hears nothing. */
  joined(member: NoteMember): void {
    this.#members.set(member, new GatheredNotes((notes, done) => member.tellNotes(notes, done)));
  }

  /** What a worker tells the others. */
  report(from: NoteMember, notes: readonly Note[]): void {
    for (const [member, telling] of this.#members) if (member !== from) telling.add(notes);
  }

  /** A worker's process has ended. */
  left(member: NoteMember): void {
    this.#members.get(member)?.close();
    this.#members.delete(member);
  }
}
