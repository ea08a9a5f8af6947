/** What one session remembers. */
interface RememberedEndpoint {
  readonly host: string;
  readonly port: number;
  readonly untilMs: number;
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
  get(key: string, nowMs: number): { readonly host: string; readonly port: number } | undefined {
    this.#forgetExpired(nowMs);
    return this.#sessions.get(key);
  }

  /**
   * Remembers the endpoint of a session, from `nowMs` on for the whole expiry.
   * @returns whether that is worth telling others, who let it expire unless they hear of it: the session was unknown or
   *   elsewhere, or a quarter of its time has passed since the last news.
   */
  set(key: string, endpoint: { readonly host: string; readonly port: number }, nowMs: number): boolean {
    const { expiryMs } = this.#limits;
    const { host, port } = endpoint;
    const before = this.#sessions.get(key);
    const isNews =
      before === undefined || before.host !== host || before.port !== port || nowMs - before.newsMs >= expiryMs / 4;
    this.#delete(key);
    this.#sessions.set(before === undefined ? ownCopy(key) : key, {
      host,
      port,
      untilMs: nowMs + expiryMs,
      newsMs: isNews ? nowMs : before.newsMs,
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
