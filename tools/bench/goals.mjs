// What the project wants to reach, as medians of paired ratios of cost per unit of work; lower is better.

/** The peers on Node; ours is compared with the better one of them. */
export const NODE_PEERS = ['httpxy', 'http-proxy-3'];

/**
 * By scenario: ours to the better of the two peers on Node (`node`), to a target by name, and the large route table to
 * the small one (`routes`).
 *
 * @type {Record<string, Record<string, number>>}
 */
export const GOALS = {
  hs: { node: 0.85, nginx: 2.6 },
  e64: { node: 0.75, nginx: 1.5 },
  e1000: { node: 0.9, nginx: 1.5 },
  p64w16: { node: 1, nginx: 1.25 },
  push: { node: 0.75, nginx: 1.35 },
  big: { node: 0.5, nginx: 0.45, 'nginx-64k': 1.1 },
  idle5k: { node: 0.6, nginx: 0.6 },
  routes: { routes: 1.05 },
};

/** Messages mode is compared with what one writes by hand with ws; the goal is about messages. */
export const MESSAGES_GOAL = { peer: 'ws-relay', ratio: 0.85, scenarios: ['e64', 'e1000', 'p64w16', 'push', 'big'] };
