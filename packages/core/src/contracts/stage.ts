import type { Exchange } from './exchange.js';
import type { Route } from './route.js';

/** The straight line every request takes before an endpoint is leased. */
export type Phase = 'admit' | 'authenticate' | 'authorize' | 'transform';

/** One step for one route. Goes on by returning; refuses by throwing a GatewayError. */
export type Stage = (exchange: Exchange) => void | Promise<void>;

/** What a plugin registers to take part in the pipeline. */
export interface StageDefinition {
  /** For logs and `STAGE_FAILED` errors; unique in a gateway. */
  readonly name: string;
  readonly phase: Phase;
  /**
   * Security keys of a route that this stage enforces (`AuthenticationOptions`, `RouteClaimsRequirement`, …). A route
   * that uses such a key while no registered stage enforces it refuses every request: asking for protection and
   * getting none must not look like success.
   */
  readonly enforces?: readonly string[];
  /**
   * Called at compile time, once per route and configuration; everything that depends only on the route belongs into
   * the closure it returns.
   * @returns undefined when this route has no need of the stage: it then pays nothing.
   */
  forRoute(route: Route): Stage | undefined;
}
