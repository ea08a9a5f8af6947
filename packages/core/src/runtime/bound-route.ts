import type { DiscoverySettings } from '../config/gateway-config.js';
import type { BoundTap } from '../contracts/frames.js';
import type { ConnectionLedger } from '../contracts/connection-ledger.js';
import type { Route } from '../contracts/route.js';
import type { RouteMatchResult } from '../contracts/route-table.js';
import type { Phase, Stage } from '../contracts/stage.js';
import { addressRules, originRules } from '../pipeline/admission-rules.js';
import { connectionLimits } from '../pipeline/connection-limits.js';
import type { AnswerRules } from '../pipeline/exchange.js';
import { answerTransforms, requestTransforms } from '../pipeline/header-transforms.js';
import type { BoundStage } from '../pipeline/run-stages.js';
import { unenforcedSecurity } from '../pipeline/unenforced.js';
import { compileRewrite, type Rewrite } from '../routing/rewrite.js';
import { bindTaps } from './bind-taps.js';
import type { PoolDirectory, PoolHold } from './pool-directory.js';
import type { PluginRegistry } from './registry.js';

/** A route with everything that depends only on it: compiled once per configuration. */
export interface BoundRoute {
  readonly route: Route;
  readonly stages: readonly BoundStage[];
  readonly taps: readonly BoundTap[];
  readonly rewrite: Rewrite;
  readonly hold: PoolHold;
  readonly answers: AnswerRules;
}

/** What a request matched. */
export type BoundMatch = RouteMatchResult<BoundRoute>;

/** What binding draws on. */
export interface BindContext {
  readonly registry: PluginRegistry;
  readonly pools: PoolDirectory;
  /** Counts the connections of routes with limits, across reloads. */
  readonly ledger: ConnectionLedger;
  /** Ends watches that nobody uses any more; called after pools were given back. */
  readonly sweep: () => void;
}

const PHASES: readonly Phase[] = ['admit', 'authenticate', 'authorize', 'transform'];

/** What of the configuration a route is bound with, beside the route itself. */
export interface SharedSettings {
  readonly discovery: DiscoverySettings | undefined;
  /** The value of `{BaseUrl}`. */
  readonly baseUrl: string;
}

/** What differs when a route is made from the request's path. */
export interface DynamicBinding {
  readonly rewrite: Rewrite;
  /** Whose connection count is used: services are named by clients, counts must not be. */
  readonly countId: string;
}

/**
 * Binds a route: its stages in the order of phases (ours before the plugins' within a phase), its rewrite, its pool.
 * @throws ConfigError when a type is not registered, a policy or provider refuses its options, or a tap needs frames
 * on an opaque route.
 */
export function bindRoute(
  route: Route,
  { discovery, baseUrl }: SharedSettings,
  context: BindContext,
  dynamic?: DynamicBinding,
): BoundRoute {
  const hold = context.pools.acquire(route, discovery);
  try {
    const stages = stagesOf(route, baseUrl, context, dynamic?.countId ?? route.id);
    return {
      route,
      stages,
      taps: bindTaps(route, context.registry),
      rewrite: dynamic?.rewrite ?? compileRewrite(route),
      hold,
      answers: { mark: hold.pool.marker, transform: answerTransforms(route, baseUrl) },
    };
  } catch (error) {
    hold.release();
    throw error;
  }
}

function stagesOf(
  route: Route,
  baseUrl: string,
  { registry, ledger }: BindContext,
  countId: string,
): readonly BoundStage[] {
  const stages: BoundStage[] = [];
  const add = (name: string, run: Stage | undefined): void => {
    if (run !== undefined) stages.push({ name, run });
  };
  for (const phase of PHASES) {
    if (phase === 'admit') {
      add('unenforced-security', unenforcedSecurity(route, registry.stages));
      add('ip-rules', addressRules(route));
      add('origins', originRules(route));
    }
    if (phase === 'transform') add('header-transforms', requestTransforms(route, baseUrl));
    for (const definition of registry.stages) {
      if (definition.phase === phase) add(definition.name, definition.forRoute(route));
    }
    // After authorization: a client that may not come in does not use up what others may open.
    if (phase === 'authorize') add('connection-limits', connectionLimits(route, countId, ledger));
  }
  return stages;
}
