// Ratios of ours to the peers, and whether they reach the goals.
import { GOALS, MESSAGES_GOAL, NODE_PEERS } from './goals.mjs';
import { median, pairedRatios, summarize } from './statistics.mjs';

/**
 * @typedef {{ round: number, value: number }} Sample
 * @typedef {{ ours: string, peer: string, asked: string, ratio: ReturnType<typeof summarize>, goal?: number,
 *             isMet?: boolean }} Comparison
 */

/** The Node peer with the lower median in this run; undefined when none was measured. */
export function betterNodePeer(targets) {
  const values = (name) => median(targets[name].map(({ value }) => value));
  const present = NODE_PEERS.filter((name) => (targets[name]?.length ?? 0) > 0);
  return present.toSorted((a, b) => values(a) - values(b))[0];
}

/**
 * @param {string} scenario
 * @param {Record<string, readonly Sample[]>} targets
 * @returns {Comparison[]}
 */
export function comparisons(scenario, targets) {
  const ours = Object.keys(targets).filter((name) => name.startsWith('ocelot-'));
  if (scenario === 'routes') {
    const large = ours.filter((name) => !name.endsWith(FEW_ROUTES));
    return pairs(scenario, targets, large, (name) => name.replace(/ \S+ routes$/, FEW_ROUTES), 'routes');
  }
  const goals = { node: undefined, nginx: undefined, ...GOALS[scenario] };
  const relays = ours.filter((name) => !isMessages(name));
  return [
    ...Object.keys(goals).flatMap((asked) => {
      const peer = asked === 'node' ? betterNodePeer(targets) : asked;
      return pairs(scenario, targets, relays, () => peer, asked);
    }),
    ...pairs(scenario, targets, ours.filter(isMessages), () => MESSAGES_GOAL.peer, 'messages'),
  ];
}

const FEW_ROUTES = ' 10 routes';
const isMessages = (name) => name.startsWith('ocelot-messages');

function pairs(scenario, targets, ours, peerOf, asked) {
  return ours.flatMap((name) => {
    const peer = peerOf(name);
    if (peer === undefined || targets[peer] === undefined) return [];
    const ratios = pairedRatios(targets[name], targets[peer]);
    if (ratios.length === 0) return [];
    const ratio = summarize(ratios);
    const goal = asked === 'messages' ? messagesGoal(scenario) : GOALS[scenario]?.[asked];
    // The goals are set for the default mode; opaque is shown beside it.
    const counts = goal !== undefined && !name.startsWith('ocelot-opaque');
    return [{ ours: name, peer, asked, ratio, ...(counts ? { goal, isMet: ratio.median <= goal } : {}) }];
  });
}

function messagesGoal(scenario) {
  return MESSAGES_GOAL.scenarios.includes(scenario) ? MESSAGES_GOAL.ratio : undefined;
}
