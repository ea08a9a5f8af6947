import type { GatewayRequest } from '../contracts/request.js';
import type { Params, Route } from '../contracts/route.js';
import { type Candidate, compileCandidate } from './candidate.js';
import { RequestView } from './request-view.js';
import { compileRewrite, type RewrittenTarget } from './rewrite.js';
import { coversHost, effectivePriority, hostKind, matchingOrder } from './route-order.js';

/** What becomes of one route for one request. */
export interface RouteVerdict {
  readonly route: Route;
  /** `outranked`: it fits, but another one that fits is asked before it. */
  readonly outcome: 'answers' | 'outranked' | 'declines';
  /** Why, in words for people. */
  readonly reason: string;
}

/** What {@link explainMatch} finds. */
export interface MatchExplanation {
  /** Every route, in matching order. */
  readonly verdicts: readonly RouteVerdict[];
  /** Undefined when no route answers. */
  readonly winner: { readonly route: Route; readonly params: Params; readonly target: RewrittenTarget } | undefined;
}

/**
 * Tells, for each route, whether it answers a request, and if not, the first reason; for `ocelot explain`. Asks every
 * route, by the same conditions as {@link compileRouteTable}, which is what a running gateway uses.
 *
 * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID when the request's path cannot be read safely, or its
 *   values cannot be sent.
 */
export function explainMatch(routes: readonly Route[], request: GatewayRequest): MatchExplanation {
  const view = new RequestView(request);
  let winner: Candidate | undefined;
  const verdicts = matchingOrder(routes).map((route): RouteVerdict => {
    const candidate = compileCandidate(route);
    const objection = hostObjection(route, request) ?? candidate.objection(view);
    if (objection !== undefined) return { route, outcome: 'declines', reason: objection };
    if (winner !== undefined) return { route, outcome: 'outranked', reason: outranked(route, winner.route) };
    winner = candidate;
    return { route, outcome: 'answers', reason: `the first that fits ${request.method} ${view.path}` };
  });
  if (winner === undefined) return { verdicts, winner: undefined };
  const { route } = winner;
  const params = winner.params(view);
  return { verdicts, winner: { route, params, target: compileRewrite(route)(request, params) } };
}

function hostObjection(route: Route, request: GatewayRequest): string | undefined {
  if (coversHost(route, request.host)) return undefined;
  return `host ${request.host === '' ? '(none)' : request.host} is not ${route.match.host ?? ''}`;
}

function outranked(route: Route, winner: Route): string {
  const name = `${winner.id} (${winner.match.pathTemplate})`;
  if (hostKind(route) !== hostKind(winner) || route.match.host !== winner.match.host) {
    return `fits too, but ${name} names the host more closely`;
  }
  const [own, other] = [effectivePriority(route), effectivePriority(winner)];
  if (own !== other) return `fits too, but its priority ${own} is lower than ${other} of ${name}`;
  return `fits too, but ${name} stands before it in the file`;
}
