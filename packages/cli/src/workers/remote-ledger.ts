// Hot path: once per upgrade, and once at its end, on routes with a limit.
import { type ConnectionAnswer, type ConnectionClaim, type ConnectionLedger, GatewayError } from '@ocelot/core';

import type { FromWorker, ToWorker } from './messages.js';

/** Longest wait for the primary's answer. It needs a fraction of a millisecond; this is for one that is stuck. */
const ANSWER_LIMIT_MS = 2_000;

type Claim = Extract<FromWorker, { readonly type: 'claim' | 'release' }>;
type Answer = Extract<ToWorker, { readonly type: 'granted' | 'refused' }>;

interface Waiting {
  readonly settle: (answer: ConnectionAnswer) => void;
  readonly fail: (error: GatewayError) => void;
  readonly timer: NodeJS.Timeout;
}

/** A worker's side of the connection limits: asks the primary, who counts for all workers. */
export class RemoteLedger implements ConnectionLedger {
  readonly #send: (message: Claim) => void;
  readonly #limitMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  /** @param limitMs longest wait for an answer; a parameter for tests. */
  constructor(send: (message: Claim) => void, limitMs: number = ANSWER_LIMIT_MS) {
    this.#send = send;
    this.#limitMs = limitMs;
  }

  /** @throws GatewayError TOO_MANY_CONNECTIONS when no answer comes in time: a limit is never passed. */
  claim(claim: ConnectionClaim): Promise<ConnectionAnswer> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((settle, fail) => {
      const timer = setTimeout(() => this.#giveUp(id), this.#limitMs).unref();
      this.#waiting.set(id, { settle, fail, timer });
      this.#send({ type: 'claim', id, claim });
    });
  }

  /** Takes an answer of the primary. */
  take(message: Answer): void {
    const { id } = message;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    if (message.type === 'refused') {
      waiting?.settle({ granted: false, limit: message.limit, open: message.open });
    } else if (waiting === undefined) {
      this.#send({ type: 'release', id }); // Came too late: nobody holds this place.
    } else {
      waiting.settle({ granted: true, release: this.#releaseOf(id) });
    }
  }

  #releaseOf(id: number): () => void {
    let isHeld = true;
    return () => {
      if (isHeld) this.#send({ type: 'release', id });
      isHeld = false;
    };
  }

  #giveUp(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.fail(
      new GatewayError('OCELOT_ERR_TOO_MANY_CONNECTIONS', {
        details: { reason: 'the primary process did not say in time how many connections are open' },
        headers: { 'Retry-After': '5' },
      }),
    );
  }
}
