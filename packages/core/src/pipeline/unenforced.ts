import type { Route } from '../contracts/route.js';
import type { Stage, StageDefinition } from '../contracts/stage.js';
import { GatewayError } from '../errors/gateway-error.js';

/**
 * Refuses every request of a route that asks for protection which no registered stage gives. Ocelot leaves such a
 * route open to upgrades (its WebSocket pipeline has no authentication step); here it is closed until a plugin comes.
 * @param stages Those that run on the route: one that declined it enforces nothing there.
 * @returns undefined when everything the route asks for is enforced.
 */
export function unenforcedSecurity(route: Route, stages: readonly StageDefinition[]): Stage | undefined {
  const missing = route.unenforced.filter((key) => !stages.some((stage) => stage.enforces?.includes(key) === true));
  if (missing.length === 0) return undefined;
  return () => {
    throw new GatewayError('OCELOT_ERR_FORBIDDEN', {
      message: 'The route asks for a protection that this gateway does not enforce.',
      details: { reason: `no plugin enforces ${missing.join(', ')}`, keys: missing },
    });
  };
}
