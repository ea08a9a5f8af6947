import type { Load } from './messages.js';
import { paced } from './paced.js';

/** Word of a change is at most this old when it is sent on. */
const INTERVAL_MS = 20;

/** One worker process, as the hub sees it. */
export interface LoadMember {
  /** Tells the worker what the others hold; `done` once that is on its way. Never throws. */
  tell(loads: readonly Load[], done: () => void): void;
}

interface Place {
  readonly own: Map<string, number>;
  /** What the member has not been told of yet. */
  readonly changed: Set<string>;
  readonly telling: { request(): void; close(): void };
}

/**
 * The primary's side of what workers tell each other about their load: sums it up, and tells each worker what all
 * others hold. A worker that does not read is told nothing more until it does.
 */
export class LoadHub {
  readonly #places = new Map<LoadMember, Place>();
  readonly #totals = new Map<string, number>();

  /** A worker takes part from now on and is told everything. */
  joined(member: LoadMember): void {
    const own = new Map<string, number>();
    const changed = new Set(this.#totals.keys());
    const telling = paced(INTERVAL_MS, (done) => {
      const loads = [...changed].map((name) => [name, this.#foreign(name, own)] as const);
      changed.clear();
      member.tell(loads, done);
    });
    this.#places.set(member, { own, changed, telling });
    if (changed.size > 0) telling.request();
  }

  /** What a worker holds now; what it does not name is as it was. */
  report(member: LoadMember, loads: readonly Load[]): void {
    const place = this.#places.get(member);
    if (place === undefined) return;
    for (const [name, leases] of loads) {
      this.#add(name, leases - (place.own.get(name) ?? 0));
      if (leases === 0) place.own.delete(name);
      else place.own.set(name, leases);
    }
    this.#spread(
      loads.map(([name]) => name),
      member,
    );
  }

  /** A worker's process has ended, and what it held with it. */
  left(member: LoadMember): void {
    const place = this.#places.get(member);
    if (place === undefined) return;
    place.telling.close();
    this.#places.delete(member);
    for (const [name, leases] of place.own) this.#add(name, -leases);
    this.#spread([...place.own.keys()], member);
  }

  #foreign(name: string, own: ReadonlyMap<string, number>): number {
    return (this.#totals.get(name) ?? 0) - (own.get(name) ?? 0);
  }

  #add(name: string, change: number): void {
    const total = (this.#totals.get(name) ?? 0) + change;
    if (total === 0) this.#totals.delete(name);
    else this.#totals.set(name, total);
  }

  #spread(names: readonly string[], from: LoadMember): void {
    for (const [member, { changed, telling }] of this.#places) {
      if (member === from) continue;
      for (const name of names) changed.add(name);
      telling.request();
    }
  }
}
