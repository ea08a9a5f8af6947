export { affinityCookie } from './affinity-cookie.js';
export { consistentHash } from './consistent-hash.js';
export { cookieStickySessions } from './cookie-sticky-sessions.js';
export { leastConnection } from './least-connection.js';
export { noLoadBalancer } from './no-load-balancer.js';
export { lb } from './plugin.js';
export { roundRobin } from './round-robin.js';
