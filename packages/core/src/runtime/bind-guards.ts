import type { GatewayConfig } from '../config/gateway-config.js';
import type { Logger } from '../contracts/logger.js';
import type { Route } from '../contracts/route.js';
import { type BoundGuard, RouteGuards } from '../pipeline/route-guards.js';
import type { PluginRegistry } from './registry.js';

/**
 * Asks every guard for what it does on a route. The caller closes what it gets.
 * @returns undefined when none has need of the route.
 * @throws what a guard throws, ConfigError as a rule; the guards before it are closed then.
 */
export function bindGuards(
  route: Route,
  config: GatewayConfig,
  registry: PluginRegistry,
  log: Logger,
): RouteGuards | undefined {
  const bound: BoundGuard[] = [];
  try {
    for (const definition of registry.guards) {
      const guard = definition.forRoute(route, config);
      if (guard !== undefined) bound.push({ name: definition.name, guard });
    }
  } catch (error) {
    new RouteGuards(bound, log).close();
    throw error;
  }
  return bound.length === 0 ? undefined : new RouteGuards(bound, log);
}
