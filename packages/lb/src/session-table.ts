/** What tells one endpoint from another. */
export interface EndpointAddress {
  readonly host: string;
  readonly port: number;
}

/** What one session remembers. */
interface RememberedEndpoint extends EndpointAddress {
  readonly untilMs: number;
  /** See {@link SessionTable.set}. */
  readonly isLearned: boolean;
  /** When {@link SessionTable.set} last called it news. */
  readonly newsMs: number;
}

/** Limits of a {@link SessionTable}. */
export interface SessionTableLimits {
  /** Milliseconds after its last use until a session is forgotten. */
  readonly expiryMs: number;
  readonly maxSessions: number;
  /** Sum of the lengths of all keys: clients choose them, so a count alone would not bound the memory. */
  readonly maxKeyCharacters: number;
}

/**
 * Which endpoint each session uses. Bounded: beyond its limits the session that was unused for longest is forgotten.
 *
 * Needs no timer: every use moves a session to the end and prolongs it by the same time, so the map is always in order
 * of expiry, and whoever comes next clears what has expired from its front.
 */
export class SessionTable {
  readonly #limits: SessionTableLimits;
  readonly #sessions = new Map<string, RememberedEndpoint>();
  #keyCharacters = 0;

  constructor(limits: SessionTableLimits) {
    this.#limits = limits;
  }

  /** Sessions remembered now, expired ones not yet cleared included. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The endpoint of a session; undefined when it is unknown or expired at `nowMs`. */
  get(key: string, nowMs: number): EndpointAddress | undefined {
    this.#forgetExpired(nowMs);
    return this.#sessions.get(key);
  }

  /**
   * Remembers the endpoint of a session, from `nowMs` on for the whole expiry.
   * @param isLearned whether the endpoint is known to have the session; false: it was chosen for a session that nobody
   *   knew. A session stays learned as long as its endpoint does.
   * @returns whether others must hear of it: it was learned, and that is new, or a quarter of the expiry has passed
   *   since they were told, who let it expire otherwise.
   */
  set(key: string, endpoint: EndpointAddress, nowMs: number, isLearned: boolean): boolean {
    const { expiryMs } = this.#limits;
    const { host, port } = endpoint;
    const before = this.#sessions.get(key);
    const wasLearned = before !== undefined && before.isLearned && before.host === host && before.port === port;
    const isNews = wasLearned ? nowMs - before.newsMs >= expiryMs / 4 : isLearned;
    this.#delete(key);
    this.#sessions.set(before === undefined ? ownCopy(key) : key, {
      host,
      port,
      untilMs: nowMs + expiryMs,
      isLearned: wasLearned || isLearned,
      newsMs: isNews ? nowMs : (before?.newsMs ?? nowMs),
    });
    this.#keyCharacters += key.length;
    this.#forgetOldest();
    return isNews;
  }

  clear(): void {
    this.#sessions.clear();
    this.#keyCharacters = 0;
  }

  #delete(key: string): boolean {
    const wasThere = this.#sessions.delete(key);
    if (wasThere) this.#keyCharacters -= key.length;
    return wasThere;
  }

  #forgetExpired(nowMs: number): void {
    for (const [key, { untilMs }] of this.#sessions) {
      if (untilMs > nowMs) return;
      this.#delete(key);
    }
  }

  #forgetOldest(): void {
    for (const key of this.#sessions.keys()) {
      const { maxSessions, maxKeyCharacters } = this.#limits;
      if (this.#sessions.size <= maxSessions && this.#keyCharacters <= maxKeyCharacters) return;
      this.#delete(key);
    }
  }
}

/**
 * The same text without the header it was cut from: V8 keeps the whole parent of a slice alive, so a short cookie
 * would hold kilobytes of its request for as long as the session lasts.
 */
function ownCopy(text: string): string {
  return ` ${text}`.slice(1);
}
