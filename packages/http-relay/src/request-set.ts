import { GatewayError } from '@ocelot/core';

/** A request that can be ended from outside. */
export interface Abortable {
  abort(reason: GatewayError): void;
}

/** The requests under way in one relay, so that none outlives it. */
export class RequestSet {
  readonly #members = new Set<Abortable>();
  #isClosed = false;

  add(member: Abortable): void {
    this.#members.add(member);
    if (this.#isClosed) member.abort(new GatewayError('OCELOT_ERR_DRAINING'));
  }

  delete(member: Abortable): void {
    this.#members.delete(member);
  }

  /** Ends what is under way, and whatever comes later. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const member of this.#members) member.abort(new GatewayError('OCELOT_ERR_DRAINING'));
  }
}
