import type { Clock, Timer } from '@ocelot/core';

/** Something that is looked at when its time has come. */
export interface Timed {
  /** When it is looked at next; Infinity: it is not. Written by the wheel alone, Infinity at first. */
  dueMs: number;
  /** Where it stands in its bucket. Written by the wheel alone, 0 at first. */
  place: number;
  /** Looks at the clock. @returns when to look again; Infinity: not until it is set again. */
  sweep(nowMs: number): number;
}

/** Least and most time between two buckets, in milliseconds: powers of two. */
const FINEST_MS = 8;
const COARSEST_MS = 1024;

/** Inactivity is looked for so many times within its limit: that much too late it may be noticed. */
const LOOKS_PER_LIMIT = 8;
const FASTEST_LOOK_MS = 10;
const SLOWEST_LOOK_MS = 5000;

/** Who waits longer may wait less exactly: a look comes at most this part of its delay too late. */
const GRAINS_PER_DELAY = 8;

/**
 * All deadlines of a relay's sessions behind one timer: ten thousand sockets with a timer each would spend their time
 * setting them, and looking at all of them at each tick would cost as much. Members stand in buckets by the time at
 * which they are looked at; a tick looks at those of one bucket. Who has no deadline is in none and costs nothing.
 *
 * Buckets are arrays: a Set that is entered and left all the time keeps what left it from being collected cheaply.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Timed[]>();
  /** The times of the buckets, in order. */
  readonly #times: number[] = [];
  #timer: Timer | undefined;
  #timerMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many members wait for a look. */
  get size(): number {
    let size = 0;
    for (const bucket of this.#buckets.values()) size += bucket.length;
    return size;
  }

  /** Looks at `member` at `atMs` or a little later, once. An earlier appointment stays. */
  set(member: Timed, atMs: number): void {
    const dueMs = this.#bucketTime(atMs);
    if (member.dueMs <= dueMs) return;
    this.#take(member);
    member.dueMs = dueMs;
    const bucket = this.#buckets.get(dueMs);
    if (bucket !== undefined) {
      member.place = bucket.push(member) - 1;
      return;
    }
    member.place = 0;
    this.#buckets.set(dueMs, [member]);
    this.#times.splice(this.#indexOf(dueMs), 0, dueMs);
    this.#arm();
  }

  /** Looks at `member` no more until it is set again. Idempotent. */
  clear(member: Timed): void {
    this.#take(member);
    if (this.#times.length === 0) this.#stop();
  }

  /** Takes a member out of its bucket, and the bucket away when it was the last. */
  #take(member: Timed): void {
    const { dueMs } = member;
    if (dueMs === Infinity) return;
    member.dueMs = Infinity;
    const bucket = this.#buckets.get(dueMs);
    if (bucket === undefined) return;
    // The last one takes the place of the one that goes.
    const last = bucket.pop();
    if (last !== undefined && last !== member) {
      bucket[member.place] = last;
      last.place = member.place;
    }
    if (bucket.length === 0) this.#drop(dueMs);
  }

  #drop(timeMs: number): void {
    if (this.#buckets.delete(timeMs)) this.#times.splice(this.#indexOf(timeMs), 1);
  }

  /** The end of the time slot that `atMs` lies in; always ahead, so that a tick ends. */
  #bucketTime(atMs: number): number {
    const now = this.#clock.now();
    const delay = atMs - now;
    let grain = FINEST_MS;
    while (grain < COARSEST_MS && grain * 2 * GRAINS_PER_DELAY <= delay) grain *= 2;
    return Math.ceil(Math.max(atMs, now + 1) / grain) * grain;
  }

  /** Where a time stands among the others, or would stand. */
  #indexOf(timeMs: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? Infinity) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #arm(): void {
    const next = this.#times[0] ?? Infinity;
    if (next >= this.#timerMs) return;
    this.#timer?.clear();
    this.#timerMs = next;
    // Looking at many may have taken until after the next time: Node warns of a timer in the past.
    this.#timer = this.#clock.setTimer(Math.max(0, next - this.#clock.now()), () => this.#tick());
  }

  #stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#timerMs = Infinity;
  }

  #tick(): void {
    this.#timer = undefined;
    this.#timerMs = Infinity;
    const now = this.#clock.now();
    for (let time = this.#times[0]; time !== undefined && time <= now; time = this.#times[0]) {
      const bucket = this.#buckets.get(time) ?? [];
      // A look may clear other members of the bucket: they are left out.
      for (let member = bucket.pop(); member !== undefined; member = bucket.pop()) {
        member.dueMs = Infinity;
        const nextMs = member.sweep(now);
        if (nextMs < Infinity) this.set(member, nextMs);
      }
      this.#drop(time);
    }
    this.#arm();
  }
}

/**
 * When to look for activity next, for a limit that runs since `sinceMs`: at its end, or earlier, because activity is
 * dated by the look that sees it.
 */
export function nextLookMs(nowMs: number, sinceMs: number, limitMs: number): number {
  if (limitMs === Infinity) return Infinity;
  const periodMs = Math.min(SLOWEST_LOOK_MS, Math.max(FASTEST_LOOK_MS, limitMs / LOOKS_PER_LIMIT));
  return Math.min(sinceMs + limitMs, nowMs + periodMs);
}
