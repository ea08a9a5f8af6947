import type { Clock, Timer } from '../contracts/clock.js';
import type { Session } from '../contracts/session.js';

/** Below this many sessions per second a wave of reconnects hurts nobody, so a small gateway does not wait for it. */
const UNHURRIED_SESSIONS_PER_MS = 0.1;

/** What came of asking every session to leave. */
export interface SessionDrain {
  readonly clean: number;
  readonly killed: number;
  /** Admitted requests that did not end in time, without those of sessions. */
  readonly unfinished: number;
}

/** A session and where it stands among the others. */
interface Member {
  readonly session: Session;
  place: number;
}

/**
 * The open sessions of one gateway.
 *
 * They stand in an array, of which each knows its place. A Set that sessions enter and leave all the time is copied
 * again and again inside of V8, and each copy, dead but old, keeps what was in it and the next copy from being
 * collected cheaply: every session would then wait for a full collection.
 */
export class SessionSet {
  readonly #members: Member[] = [];
  readonly #emptied = new Set<() => void>();
  /** Set once draining begins: what is adopted afterwards is asked to leave at once. */
  #leaving: { readonly code: number; readonly reason: string } | undefined;
  #ended = 0;
  #admitted = 0;

  get size(): number {
    return this.#members.length;
  }

  /**
   * Takes note of a request that was admitted; a drain waits for it, whether it becomes a session or not.
   * @returns called once when the request is over.
   */
  admit(): () => void {
    this.#admitted += 1;
    return () => {
      this.#admitted -= 1;
      this.#tellWhenEmpty();
    };
  }

  /** Takes note of a session until it is closed. */
  adopt(session: Session): void {
    const member = { session, place: this.#members.length };
    this.#members.push(member);
    // `closed` is never rejected (contract of Session).
    void session.closed.then(() => {
      this.#remove(member);
      this.#ended += 1;
      this.#tellWhenEmpty();
    });
    if (this.#leaving !== undefined) session.drain(this.#leaving.code, this.#leaving.reason);
  }

  /** Asks the sessions that `leaves` names to leave. */
  drainWhere(leaves: (session: Session) => boolean, code: number, reason: string): void {
    for (const session of this.#present()) if (leaves(session)) session.drain(code, reason);
  }

  /**
   * Asks every session to leave, spread over at most `spreadMs`, and cuts what is still open after `deadlineMs`.
   * Fulfilled when no session and no admitted request is left, or a moment after the cut. Requests cannot be cut here:
   * their sockets are the host's.
   */
  async drain(options: {
    readonly deadlineMs: number;
    readonly spreadMs: number;
    readonly code: number;
    readonly reason: string;
    readonly clock: Clock;
  }): Promise<SessionDrain> {
    const { deadlineMs, spreadMs, code, reason, clock } = options;
    this.#leaving = { code, reason };
    const before = this.#ended;
    const asked = this.#present();
    const spread = Math.min(spreadMs, deadlineMs / 2, asked.length / UNHURRIED_SESSIONS_PER_MS);
    const timers: Timer[] = [];
    asked.forEach((session, index) => {
      const delay = (spread * index) / asked.length;
      if (delay === 0) session.drain(code, reason);
      else timers.push(clock.setTimer(delay, () => session.drain(code, reason)));
    });
    await this.#emptyWithin(deadlineMs, clock);
    for (const timer of timers) timer.clear();
    const clean = this.#ended - before;
    const killed = this.size;
    for (const session of this.#present()) session.destroy();
    if (killed > 0) await this.#emptyWithin(1000, clock);
    // A session that is still there holds its own request.
    return { clean, killed, unfinished: Math.max(0, this.#admitted - this.size) };
  }

  get #isEmpty(): boolean {
    return this.size === 0 && this.#admitted === 0;
  }

  #present(): readonly Session[] {
    return this.#members.map(({ session }) => session);
  }

  /** The last one takes the place of the one that goes. */
  #remove(member: Member): void {
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[member.place] = last;
    last.place = member.place;
  }

  #tellWhenEmpty(): void {
    if (this.#isEmpty) for (const done of this.#emptied) done();
  }

  #emptyWithin(ms: number, clock: Clock): Promise<void> {
    if (this.#isEmpty || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.clear();
        this.#emptied.delete(done);
        resolve();
      };
      const timer = clock.setTimer(ms, done);
      this.#emptied.add(done);
    });
  }
}
