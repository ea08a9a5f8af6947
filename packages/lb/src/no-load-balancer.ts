import type { BalancingPolicy, BalancingPolicyFactory } from '@ocelot/core';

import { firstOf, WeightedView } from './weighted-view.js';

/**
 * Always the first endpoint of the list; the next one only while the first is gone, failed for this request, or has
 * weight 0. What an empty `LoadBalancerOptions.Type` means (Ocelot: NoLoadBalancer.cs). Takes no options.
 */
export const noLoadBalancer: BalancingPolicyFactory = (): BalancingPolicy => {
  const view = new WeightedView();
  return { pick: (candidates) => firstOf(view.of(candidates).usable) };
};
