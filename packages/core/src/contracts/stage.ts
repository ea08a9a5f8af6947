import type { GatewayConfig } from '../config/gateway-config.js';
import type { Exchange } from './exchange.js';
import type { Route } from './route.js';

/**
 * The straight line every request takes before an endpoint is leased. `begin` is for what must see every request of a
 * route, also one that is refused a moment later: traces, not decisions.
 */
export type Phase = 'begin' | 'admit' | 'authenticate' | 'authorize' | 'transform';

/** One step for one route. Goes on by returning; refuses by throwing a GatewayError. */
export type Stage = (exchange: Exchange) => void | Promise<void>;

/** What a plugin registers to take part in the pipeline. */
export interface StageDefinition {
  /** For logs and `STAGE_FAILED` errors; unique in a gateway. */
  readonly name: string;
  readonly phase: Phase;
  /**
   * Security keys that this stage enforces (`AuthenticationOptions`, `RouteClaimsRequirement`, …) on the routes that
   * `forRoute` makes it for. A route that uses such a key while no stage of it enforces that refuses every request:
   * asking for protection and getting none must not look like success.
   */
  readonly enforces?: readonly string[];
  /**
   * Called at compile time, once per route and configuration; everything that depends only on the route belongs into
   * the closure it returns.
   * @param config The configuration that the route is part of.
   * @returns undefined when this route has no need of the stage: it then pays nothing.
   * @throws ConfigError when what the file says about the route cannot be done.
   */
  forRoute(route: Route, config: GatewayConfig): Stage | undefined;
}
