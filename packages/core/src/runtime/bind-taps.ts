import type { GatewayConfig } from '../config/gateway-config.js';
import type { BoundTap } from '../contracts/frames.js';
import type { Route } from '../contracts/route.js';
import { ConfigError, type ConfigIssue } from '../errors/config-error.js';
import type { PluginRegistry } from './registry.js';

/**
 * Asks every tap what it does on a route.
 * @throws ConfigError when one wants to see the frames of an opaque route: it would be registered and never called.
 */
export function bindTaps(route: Route, config: GatewayConfig, registry: PluginRegistry): readonly BoundTap[] {
  const taps = registry.taps.flatMap((definition) => {
    const tap = definition.forRoute(route, config);
    return tap === undefined ? [] : [{ name: definition.name, tap }];
  });
  if (route.transfer === 'opaque' && taps.length > 0)
    throw new ConfigError(taps.map(({ name }) => unseen(name, route)));
  return taps;
}

function unseen(tap: string, route: Route): ConfigIssue {
  return {
    severity: 'error',
    kind: 'TapNeedsFrames',
    source: route.location,
    message: `the tap "${tap}" needs frames, and route ${route.id} is opaque: it passes bytes and knows no frames.`,
    hint: 'Remove "Transfer": "opaque" from the route, or let forRoute of the tap return undefined for opaque routes.',
  };
}
