// Entered and left once per session of an authenticated client; nothing here runs per message.
import type { Clock, Identity } from '@ocelot/core';

import { DeadlineQueue } from './deadline-queue.js';
import { LiveSession, type LiveSessionInit } from './live-session.js';
import type { Revocation } from './revocation-list.js';

/** A session that is watched, until `close`. */
export interface WatchedSession {
  readonly live: LiveSession;
  /** The session is closed. Idempotent. */
  close(): void;
}

/** What sessions are watched with. */
export interface LiveSessionsInit {
  readonly clock: Clock;
  readonly wallNowMs: () => number;
  readonly random: () => number;
}

/**
 * The open sessions of everybody who said who he is, found by id, subject and token without a look at the others. Owns
 * their deadlines.
 */
export class LiveSessions {
  readonly #init: LiveSessionsInit;
  readonly #deadlines: DeadlineQueue;
  readonly #byId = new Map<string, LiveSession>();
  readonly #bySubject = new Map<string, Set<LiveSession>>();
  readonly #byToken = new Map<string, Set<LiveSession>>();

  constructor(init: LiveSessionsInit) {
    this.#init = init;
    this.#deadlines = new DeadlineQueue(init.clock, init.wallNowMs);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Watches a session, which may end at once. */
  open(init: LiveSessionInit): WatchedSession {
    const live = new LiveSession(init, {
      wallNowMs: this.#init.wallNowMs,
      random: this.#init.random,
      schedule: (session, atMs) => {
        if (atMs < Infinity) this.#deadlines.set(session, atMs);
        else this.#deadlines.clear(session);
      },
      reindex: (session, change) => {
        this.#unindex(session);
        change();
        this.#index(session);
      },
    });
    this.#byId.set(live.id, live);
    this.#index(live);
    live.start();
    return { live, close: () => this.#forget(live) };
  }

  #forget(live: LiveSession): void {
    if (this.#byId.get(live.id) !== live) return;
    live.stop();
    this.#deadlines.clear(live);
    this.#byId.delete(live.id);
    this.#unindex(live);
  }

  get(id: string): LiveSession | undefined {
    return this.#byId.get(id);
  }

  /** The sessions of a subject, or all of them. */
  list(subject: string | undefined): Iterable<LiveSession> {
    return subject === undefined ? this.#byId.values() : (this.#bySubject.get(subject) ?? []);
  }

  /**
   * Ends the sessions that a revocation is about; those of a claim are looked for among all.
   * @param isRevoked Whether an identity is good no more.
   * @returns how many.
   */
  revoke(revocation: Revocation, isRevoked: (identity: Identity) => boolean): number {
    const matching = [...this.#candidates(revocation)].filter(({ identity }) => isRevoked(identity));
    for (const live of matching) live.revoke('revoked');
    return matching.length;
  }

  #candidates({ subject, tokenId }: Revocation): Iterable<LiveSession> {
    if (subject !== undefined) return this.#bySubject.get(subject) ?? [];
    if (tokenId !== undefined) return this.#byToken.get(tokenId) ?? [];
    return this.#byId.values();
  }

  /** Stops every watch; sessions stay open. */
  close(): void {
    this.#deadlines.close();
    for (const live of this.#byId.values()) live.stop();
    this.#byId.clear();
    this.#bySubject.clear();
    this.#byToken.clear();
  }

  #index(live: LiveSession): void {
    const { subject, tokenId } = live.identity;
    if (subject !== undefined) add(this.#bySubject, subject, live);
    if (tokenId !== undefined) add(this.#byToken, tokenId, live);
  }

  #unindex(live: LiveSession): void {
    const { subject, tokenId } = live.identity;
    if (subject !== undefined) remove(this.#bySubject, subject, live);
    if (tokenId !== undefined) remove(this.#byToken, tokenId, live);
  }
}

function add(index: Map<string, Set<LiveSession>>, key: string, live: LiveSession): void {
  const same = index.get(key);
  if (same === undefined) index.set(key, new Set([live]));
  else same.add(live);
}

function remove(index: Map<string, Set<LiveSession>>, key: string, live: LiveSession): void {
  const same = index.get(key);
  same?.delete(live);
  if (same?.size === 0) index.delete(key);
}
