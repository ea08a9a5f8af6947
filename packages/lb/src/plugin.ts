import type { Plugin } from '@ocelot/core';

import { affinityCookie } from './affinity-cookie.js';
import { consistentHash } from './consistent-hash.js';
import { cookieStickySessions } from './cookie-sticky-sessions.js';
import { leastConnection } from './least-connection.js';
import { noLoadBalancer } from './no-load-balancer.js';
import { roundRobin } from './round-robin.js';

/**
 * Makes Ocelot's balancers known to a gateway, `NoLoadBalancer`, `RoundRobin`, `LeastConnection` and
 * `CookieStickySessions` as `LoadBalancerOptions.Type`, and two more: `AffinityCookie` and `ConsistentHash`.
 *
 * @example
 * const gateway = await createGateway({ config, plugins: [lb()] });
 */
export function lb(): Plugin {
  return {
    name: '@ocelot/lb',
    setup: (registry) => {
      registry.balancing('NoLoadBalancer', noLoadBalancer);
      registry.balancing('RoundRobin', roundRobin);
      registry.balancing('LeastConnection', leastConnection);
      registry.balancing('CookieStickySessions', cookieStickySessions());
      registry.balancing('AffinityCookie', affinityCookie());
      registry.balancing('ConsistentHash', consistentHash);
    },
  };
}
