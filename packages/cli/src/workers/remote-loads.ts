// Hot path: `report` runs with each lease and release; it notes a number and allocates nothing but that entry.
import type { LoadBoard, LoadShare } from '@ocelot/core';

import type { Load } from './messages.js';
import { paced } from './paced.js';

/** Changes are gathered for this long, but the first one after a rest is told at once. */
const INTERVAL_MS = 20;

/** A worker's side of what workers tell each other about their load. */
export class RemoteLoads implements LoadBoard {
  /** What the others hold, also of pools that this worker opens later. */
  readonly #foreign = new Map<string, number>();
  readonly #shares = new Map<string, RemoteShare>();
  /** Not told yet. */
  readonly #changed = new Map<string, number>();
  readonly #telling: { request(): void; close(): void };

  /** @param tell sends to the primary; calls `done` once that is on its way. */
  constructor(tell: (loads: readonly Load[], done: () => void) => void) {
    this.#telling = paced(INTERVAL_MS, (done) => {
      const loads = [...this.#changed];
      this.#changed.clear();
      tell(loads, done);
    });
  }

  open(pool: string, endpoint: string): LoadShare {
    const name = `${endpoint} ${pool}`;
    const share = new RemoteShare(this.#foreign.get(name) ?? 0, {
      report: (own) => {
        this.#changed.set(name, own);
        this.#telling.request();
      },
      closed: () => {
        if (this.#shares.get(name) === share) this.#shares.delete(name);
      },
    });
    this.#shares.set(name, share);
    return share;
  }

  /** Takes what the primary says about the others. */
  take(loads: readonly Load[]): void {
    for (const [name, leases] of loads) {
      if (leases === 0) this.#foreign.delete(name);
      else this.#foreign.set(name, leases);
      const share = this.#shares.get(name);
      if (share !== undefined) share.foreign = leases;
    }
  }

  /** Says nothing any more. */
  close(): void {
    this.#telling.close();
  }
}

class RemoteShare implements LoadShare {
  foreign: number;
  readonly #to: { readonly report: (own: number) => void; readonly closed: () => void };
  #own = 0;
  #isOpen = true;

  constructor(foreign: number, to: { readonly report: (own: number) => void; readonly closed: () => void }) {
    this.foreign = foreign;
    this.#to = to;
  }

  report(own: number): void {
    if (!this.#isOpen) return;
    this.#own = own;
    this.#to.report(own);
  }

  close(): void {
    if (!this.#isOpen) return;
    if (this.#own !== 0) this.report(0);
    this.#isOpen = false;
    this.#to.closed();
  }
}
