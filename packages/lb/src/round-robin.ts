// Hot path: `pick` runs once per request. Even weights cost one index while the list stays the same, and one search
// when it changed; uneven weights cost one pass over the endpoints. It allocates nothing but the counters of endpoints
// never seen before. Guarded by bench/pick.bench.ts.
import type { BalancingPolicy, BalancingPolicyFactory, EndpointLoad, GatewayMember } from '@ocelot/core';

import { startingPlace } from './starting-place.js';
import { firstOf, WeightedView } from './weighted-view.js';

/**
 * One endpoint after the other, in the order of the list (Ocelot: RoundRobin.cs). When the list changes it goes on
 * with the one that follows the last pick, so that a retry, which sees a shorter list, starves nobody. Where weights
 * differ each endpoint gets its share, spread evenly over time: weights 5, 1 and 1 give `a a b a c a a`, not
 * `a a a a a b c`. Takes no options.
 *
 * Each member of a gateway group takes turns by itself and begins at a place of its own: over all of them two endpoints
 * of equal weight differ by at most as many requests as there are members.
 */
export const roundRobin: BalancingPolicyFactory = (_options, { member }): BalancingPolicy => new RoundRobin(member);

class RoundRobin implements BalancingPolicy {
  readonly #view = new WeightedView();
  /** The list of the last pick, and the place of that pick in it. */
  #order: readonly EndpointLoad[] = [];
  #last = -1;
  /** How far each endpoint is behind its share; weak, so that endpoints which left are forgotten. */
  readonly #behind = new WeakMap<EndpointLoad, number>();
  readonly #member: GatewayMember | undefined;
  #isStarted = false;

  constructor(member: GatewayMember | undefined) {
    this.#member = member;
  }

  pick(candidates: readonly EndpointLoad[]): EndpointLoad {
    const { usable, isEven } = this.#view.of(candidates);
    if (!this.#isStarted) this.#start(usable, isEven);
    return isEven ? this.#pickInTurn(usable) : this.#pickFurthestBehind(usable);
  }

  /** A member of a group begins where it would be after as many turns as its place is away from the first. */
  #start(usable: readonly EndpointLoad[], isEven: boolean): void {
    this.#isStarted = true;
    const turns = startingPlace(this.#member, usable.length);
    for (let turn = 0; turn < turns; turn += 1) {
      if (isEven) this.#pickInTurn(usable);
      else this.#pickFurthestBehind(usable);
    }
  }

  #pickInTurn(usable: readonly EndpointLoad[]): EndpointLoad {
    const next = usable === this.#order ? this.#last + 1 : this.#placeAfterLast(usable);
    this.#order = usable;
    this.#last = next < usable.length ? next : 0;
    return usable[this.#last] ?? firstOf(usable);
  }

  /** Where, in another list, the first endpoint stands that followed the last pick; 0 when all of them are gone. */
  #placeAfterLast(usable: readonly EndpointLoad[]): number {
    const order = this.#order;
    for (let step = 1; step <= order.length; step += 1) {
      const follower = order[(this.#last + step) % order.length];
      const place = follower === undefined ? -1 : usable.indexOf(follower);
      if (place !== -1) return place;
    }
    return 0;
  }

  /** nginx's smooth weighted round robin: everybody gains its weight, the first furthest behind pays for all. */
  #pickFurthestBehind(usable: readonly EndpointLoad[]): EndpointLoad {
    let picked = firstOf(usable);
    let most = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const candidate of usable) {
      const { weight } = candidate.endpoint;
      const behind = (this.#behind.get(candidate) ?? 0) + weight;
      this.#behind.set(candidate, behind);
      total += weight;
      if (behind > most) {
        most = behind;
        picked = candidate;
      }
    }
    this.#behind.set(picked, most - total);
    return picked;
  }
}
