import type { GatewayConfig } from '../config/gateway-config.js';
import type { Clock } from '../contracts/clock.js';
import type { BoundTap } from '../contracts/frames.js';
import type { ConnectionLedger } from '../contracts/connection-ledger.js';
import type { EndpointLoad } from '../contracts/endpoint.js';
import type { Logger } from '../contracts/logger.js';
import type { Route } from '../contracts/route.js';
import type { RouteMatchResult } from '../contracts/route-table.js';
import type { AttemptRules } from '../pipeline/attempt.js';
import type { AnswerRules } from '../pipeline/exchange-init.js';
import { answerTransforms } from '../pipeline/header-transforms.js';
import type { RouteGuards } from '../pipeline/route-guards.js';
import type { BoundStage } from '../pipeline/run-stages.js';
import { compileRewrite, type Rewrite } from '../routing/rewrite.js';
import { bindGuards } from './bind-guards.js';
import { bindStages } from './bind-stages.js';
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
  /** Undefined where nobody watches the way to the backends. */
  readonly attempts: AttemptRules | undefined;
  /** Undefined without guards. */
  readonly filter: ((candidates: readonly EndpointLoad[]) => readonly EndpointLoad[]) | undefined;
  /** Gives the pool back and closes the guards. Idempotent. */
  release(): void;
}

/** What a request matched. */
export type BoundMatch = RouteMatchResult<BoundRoute>;

/** What binding draws on. */
export interface BindContext {
  readonly registry: PluginRegistry;
  readonly pools: PoolDirectory;
  /** Counts the connections of routes with limits, across reloads. */
  readonly ledger: ConnectionLedger;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends watches that nobody uses any more; called after pools were given back. */
  readonly sweep: () => void;
}

/** What differs when a route is made from the request's path. */
export interface DynamicBinding {
  readonly rewrite: Rewrite;
  /** Whose connection count is used: services are named by clients, counts must not be. */
  readonly countId: string;
}

/**
 * Binds a route: its stages, its taps, its guards, its rewrite, its pool. The caller releases it.
 * @throws ConfigError when a type is not registered, a policy, provider or plugin refuses its options, or a tap needs
 * frames on an opaque route; nothing is held then.
 */
export function bindRoute(
  route: Route,
  config: GatewayConfig,
  context: BindContext,
  dynamic?: DynamicBinding,
): BoundRoute {
  const { registry, clock, log } = context;
  const hold = context.pools.acquire(route, config.discovery);
  try {
    const stages = bindStages(route, config, context, dynamic?.countId ?? route.id);
    const taps = bindTaps(route, config, registry);
    const rewrite = dynamic?.rewrite ?? compileRewrite(route);
    const answers = { mark: hold.pool.marker, transform: answerTransforms(route, config.settings.baseUrl) };
    // Last, since it is what holds something beside the pool.
    const guards = bindGuards(route, config, registry, log);
    const unlisten = guards === undefined ? undefined : hold.pool.listen((endpoints) => guards.endpoints(endpoints));
    let isHeld = true;
    return {
      route,
      stages,
      taps,
      rewrite,
      hold,
      answers,
      attempts: attemptRules(guards, registry, clock),
      filter: guards === undefined ? undefined : (candidates) => guards.filter(candidates),
      release() {
        if (!isHeld) return;
        isHeld = false;
        unlisten?.();
        guards?.close();
        hold.release();
      },
    };
  } catch (error) {
    hold.release();
    throw error;
  }
}

/**
 * Asks the plugins about a route that is bound later, with its first request, so that what they refuse refuses the
 * configuration.
 * @throws ConfigError
 */
export function checkPlugins(route: Route, config: GatewayConfig, context: BindContext): void {
  bindStages(route, config, context, route.id);
  bindTaps(route, config, context.registry);
  bindGuards(route, config, context.registry, context.log)?.close();
}

function attemptRules(
  guards: RouteGuards | undefined,
  registry: PluginRegistry,
  clock: Clock,
): AttemptRules | undefined {
  if (guards === undefined && !registry.hasTelemetry) return undefined;
  return {
    guards,
    // Nobody may listen any more while the route is in force.
    get record() {
      return registry.hasTelemetry ? registry.record : undefined;
    },
    clock,
  };
}
