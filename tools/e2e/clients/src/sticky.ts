/** Keys of a route that bring a client back to the same of several backends; how the titles of tests say it. */
export interface Sticky {
  readonly title: string;
  readonly route: object;
}

/** The gateway's own cookie, signed. */
export const AFFINITY_COOKIE: Sticky = {
  title: 'by affinity cookie',
  route: { LoadBalancerOptions: { Type: 'AffinityCookie', Secret: 'of the tests, long enough to be one: 7c1f0d' } },
};

/** A cookie that the stack's server sets. */
export function cookieStickySessions(key: string): Sticky {
  return {
    title: `by the cookie ${key} of its server`,
    route: { LoadBalancerOptions: { Type: 'CookieStickySessions', Key: key, Expiry: 600_000 } },
  };
}

/** What the client names in its requests: `query:NAME`, `header:NAME`, `address`. */
export function consistentHash(on: string): Sticky {
  return {
    title: `by hash of ${on}`,
    route: { LoadBalancerOptions: { Type: 'ConsistentHash', HashOn: on, LoadFactor: 0 } },
  };
}
