import { SessionTable, type SessionTableLimits } from './session-table.js';

/** A table in use; whoever took it gives it back. */
export interface StoreHold {
  readonly sessions: SessionTable;
  /** Idempotent. The table is gone when nobody uses it any more. */
  release(): void;
}

interface Store {
  readonly sessions: SessionTable;
  users: number;
}

/**
 * The session tables of one gateway. Pools of the same service use the same one, as long as they mean the same cookie
 * and the same time: `negotiate` and the upgrade after it may be two routes. (Ocelot shares by the cookie's name alone,
 * and so sends clients of one service to hosts of another: CookieStickySessionsCreator.cs.)
 */
export class SessionStores {
  readonly #limits: Omit<SessionTableLimits, 'expiryMs'>;
  readonly #open = new Map<string, Store>();

  constructor(limits: Omit<SessionTableLimits, 'expiryMs'>) {
    this.#limits = limits;
  }

  /** @param service {@link BalancingContext.service}; undefined: a table of its own. */
  take(service: string | undefined, cookie: string, expiryMs: number): StoreHold {
    const key = JSON.stringify([service, cookie.toLowerCase(), expiryMs]);
    const known = service === undefined ? undefined : this.#open.get(key);
    const store = known ?? { sessions: new SessionTable({ ...this.#limits, expiryMs }), users: 0 };
    store.users += 1;
    if (service !== undefined) this.#open.set(key, store);
    let isHeld = true;
    return {
      sessions: store.sessions,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        store.users -= 1;
        if (store.users > 0) return;
        store.sessions.clear();
        if (this.#open.get(key) === store) this.#open.delete(key);
      },
    };
  }
}
