// Hot path: once per upgrade, and once at its end, on routes with a limit.
import { createConnectionLedger } from '@ocelot/core';

import type { FromWorker, ToWorker } from './messages.js';

type Claim = Extract<FromWorker, { readonly type: 'claim' | 'release' }>;
type Answer = Extract<ToWorker, { readonly type: 'granted' | 'refused' }>;

/**
 * The primary's side of the connection limits: one ledger for all workers, so that limits are exact. What a worker
 * held is free again once its process has ended, as its sockets are.
 */
export class LedgerDesk {
  readonly #ledger = createConnectionLedger();
  /** What each process holds, by the worker's own numbers. */
  readonly #held = new Map<object, Map<number, () => void>>();

  /**
   * Answers what `worker` asks.
   * @param worker identifies one process, not its place.
   * @returns undefined when there is nothing to answer.
   */
  take(worker: object, message: Claim): Answer | undefined {
    const { id } = message;
    const held = this.#held.get(worker) ?? new Map<number, () => void>();
    if (message.type === 'release') {
      held.get(id)?.();
      held.delete(id);
      return undefined;
    }
    const answer = this.#ledger.claim(message.claim);
    if (!answer.granted) return { type: 'refused', id, limit: answer.limit, open: answer.open };
    this.#held.set(worker, held.set(id, answer.release));
    return { type: 'granted', id };
  }

  /** Frees everything that `worker` held. */
  left(worker: object): void {
    for (const release of this.#held.get(worker)?.values() ?? []) release();
    this.#held.delete(worker);
  }
}
