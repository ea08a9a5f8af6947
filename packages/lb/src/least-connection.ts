// Hot path: `pick` runs once per request: one pass over the endpoints, nothing is allocated. Guarded by bench/pick.bench.ts.
import type { BalancingPolicy, BalancingPolicyFactory } from '@ocelot/core';

import { startingPlace } from './starting-place.js';
import { WeightedView, firstOf } from './weighted-view.js';

/**
 * The endpoint with the fewest open leases, which for WebSockets means open sockets; of several the first in the list
 * (Ocelot: LeastConnection.cs). Where weights differ, open leases are seen in proportion to them: an endpoint of
 * weight 2 carries twice as many. Takes no options.
 *
 * Members of a gateway group see each other's open leases a moment late; of several endpoints with equally few each
 * member begins at a place of its own, so that they do not all choose the same one in that moment.
 */
export const leastConnection: BalancingPolicyFactory = (_options, { member }): BalancingPolicy => {
  const view = new WeightedView();
  return {
    pick: (candidates) => {
      const { usable, isEven } = view.of(candidates);
      let picked = firstOf(usable);
      let least = Number.POSITIVE_INFINITY;
      const start = startingPlace(member, usable.length);
      for (let step = 0; step < usable.length; step += 1) {
        const place = start + step;
        const candidate = usable[place < usable.length ? place : place - usable.length];
        if (candidate === undefined) continue;
        // The load it would have with this lease: of two idle endpoints the heavier one comes first.
        const load = isEven ? candidate.inFlight : (candidate.inFlight + 1) / candidate.endpoint.weight;
        if (load < least) {
          least = load;
          picked = candidate;
        }
      }
      return picked;
    },
  };
};
