// Hot path: `pick` runs once per request: one pass over the endpoints, nothing is allocated. Guarded by bench/pick.bench.ts.
import type { BalancingPolicy, BalancingPolicyFactory } from '@ocelot/core';

import { firstOf, WeightedView } from './weighted-view.js';

/**
 * The endpoint with the fewest open leases, which for WebSockets means open sockets; of several the first in the list
 * (Ocelot: LeastConnection.cs). Where weights differ, open leases are seen in proportion to them: an endpoint of
 * weight 2 carries twice as many. Takes no options.
 */
export const leastConnection: BalancingPolicyFactory = (): BalancingPolicy => {
  const view = new WeightedView();
  return {
    pick: (candidates) => {
      const { usable, isEven } = view.of(candidates);
      let picked = firstOf(usable);
      let least = Number.POSITIVE_INFINITY;
      for (const candidate of usable) {
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
