// Entered and left once per socket whose credentials end. One timer for all of them: ten thousand sockets with a timer
// each would hold ten thousand timers for hours, and Node's own fire at once beyond 2^31-1 ms (S27).
import type { Clock, Timer } from '@ocelot/core';

/** Something that has to be looked at when its time has come. */
export interface Deadline {
  /** Milliseconds since 1970. Written by the queue alone. */
  atMs: number;
  /** Where it stands in the queue; -1: nowhere. Written by the queue alone. */
  place: number;
  /** Its time has come: it is out of the queue, and may be set again. Must not throw. */
  due(): void;
}

/**
 * The queue looks at the time of day at least so often: a clock that was set, or a machine that slept, makes a socket
 * outlive its token by no more.
 */
const LONGEST_WAIT_MS = 30_000;

/** Deadlines by the time of day, earliest first: a binary heap whose members know their place. */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #wallNowMs: () => number;
  readonly #heap: Deadline[] = [];
  #timer: Timer | undefined;
  #timerAtMs = Infinity;

  constructor(clock: Clock, wallNowMs: () => number) {
    this.#clock = clock;
    this.#wallNowMs = wallNowMs;
  }

  /** How many wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** Has `deadline` looked at at `atMs`, in place of when it was set for before. */
  set(deadline: Deadline, atMs: number): void {
    this.#take(deadline);
    deadline.atMs = atMs;
    deadline.place = this.#heap.push(deadline) - 1;
    this.#rise(deadline);
    this.#arm();
  }

  /** Forgets a deadline. Idempotent. */
  clear(deadline: Deadline): void {
    this.#take(deadline);
    if (this.#heap.length === 0) this.#stop();
  }

  /** Forgets all. */
  close(): void {
    for (const deadline of this.#heap.splice(0)) deadline.place = -1;
    this.#stop();
  }

  #take(deadline: Deadline): void {
    const { place } = deadline;
    if (place < 0) return;
    deadline.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === deadline) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  #put(deadline: Deadline, place: number): void {
    this.#heap[place] = deadline;
    deadline.place = place;
  }

  #rise(deadline: Deadline): void {
    for (;;) {
      const parent = this.#heap[(deadline.place - 1) >> 1];
      if (deadline.place === 0 || parent === undefined || parent.atMs <= deadline.atMs) return;
      this.#swap(deadline, parent);
    }
  }

  #sink(deadline: Deadline): void {
    for (;;) {
      const left = this.#heap[deadline.place * 2 + 1];
      const right = this.#heap[deadline.place * 2 + 2];
      const child = right !== undefined && left !== undefined && right.atMs < left.atMs ? right : left;
      if (child === undefined || child.atMs >= deadline.atMs) return;
      this.#swap(deadline, child);
    }
  }

  #swap(one: Deadline, other: Deadline): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.atMs >= this.#timerAtMs) return;
    this.#timer?.clear();
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(0, first.atMs - this.#wallNowMs()));
    this.#timerAtMs = first.atMs;
    this.#timer = this.#clock.setTimer(waitMs, () => this.#look());
  }

  #stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
  }

  #look(): void {
    this.#stop();
    const now = this.#wallNowMs();
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= now; first = this.#heap[0]) {
      this.#take(first);
      first.due();
    }
    this.#arm();
  }
}
