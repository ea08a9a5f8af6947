import type { Clock, Timer } from '../contracts/clock.js';
import type { Session } from '../contracts/session.js';

/** Below this many sessions per second a wave of reconnects hurts nobody, so a small gateway does not wait for it. */
const UNHURRIED_SESSIONS_PER_MS = 0.1;

/** What came of asking every session to leave. */
export interface SessionDrain {
  readonly clean: number;
  readonly killed: number;
}

/** The open sessions of one gateway. */
export class SessionSet {
  readonly #sessions = new Set<Session>();
  readonly #emptied = new Set<() => void>();
  /** Set once draining begins: what is adopted afterwards is asked to leave at once. */
  #leaving: { readonly code: number; readonly reason: string } | undefined;
  #ended = 0;
  #handshakes = 0;

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Takes note of a request that was admitted; a drain waits for it, since it may become a session.
   * @returns called once when the request is over.
   */
  admit(): () => void {
    this.#handshakes += 1;
    return () => {
      this.#handshakes -= 1;
      this.#tellWhenEmpty();
    };
  }

  /** Takes note of a session until it is closed. */
  adopt(session: Session): void {
    this.#sessions.add(session);
    // `closed` is never rejected (contract of Session).
    void session.closed.then(() => {
      this.#sessions.delete(session);
      this.#ended += 1;
      this.#tellWhenEmpty();
    });
    if (this.#leaving !== undefined) session.drain(this.#leaving.code, this.#leaving.reason);
  }

  /** Asks the sessions that `leaves` names to leave. */
  drainWhere(leaves: (session: Session) => boolean, code: number, reason: string): void {
    for (const session of this.#sessions) if (leaves(session)) session.drain(code, reason);
  }

  /**
   * Asks every session to leave, spread over at most `spreadMs`, and cuts what is still open after `deadlineMs`.
   * Fulfilled when no session and no admitted request is left, or a moment after the cut.
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
    const asked = [...this.#sessions];
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
    const killed = this.#sessions.size;
    for (const session of this.#sessions) session.destroy();
    if (killed > 0) await this.#emptyWithin(1000, clock);
    return { clean, killed };
  }

  get #isEmpty(): boolean {
    return this.#sessions.size === 0 && this.#handshakes === 0;
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
