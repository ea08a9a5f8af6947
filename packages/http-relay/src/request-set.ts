import { GatewayError } from '@ocelot/core';

/** A request that can be ended from outside. */
export interface Abortable {
  /** Where it stands in its set; kept by the set alone. */
  place: number;
  abort(reason: GatewayError): void;
}

/**
 * The requests under way in one relay, so that none outlives it. They stand in an array, of which each knows its place:
 * a Set that is entered and left all the time keeps what left it from being collected cheaply.
 */
export class RequestSet {
  readonly #members: Abortable[] = [];
  #isClosed = false;

  /** How many are under way. */
  get size(): number {
    return this.#members.length;
  }

  add(member: Abortable): void {
    member.place = this.#members.push(member) - 1;
    if (this.#isClosed) member.abort(new GatewayError('OCELOT_ERR_DRAINING'));
  }

  /** The last one takes the place of the one that goes. Idempotent. */
  delete(member: Abortable): void {
    if (this.#members[member.place] !== member) return;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[member.place] = last;
    last.place = member.place;
  }

  /** Ends what is under way, and whatever comes later. Idempotent. */
  close(): void {
    this.#isClosed = true;
    // A copy: whoever is ended leaves.
    for (const member of this.#members.slice()) member.abort(new GatewayError('OCELOT_ERR_DRAINING'));
  }
}
