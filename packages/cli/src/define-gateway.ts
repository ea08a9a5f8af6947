import type { Plugin } from '@ocelot/core';

/** What `ocelot.config.mjs` exports: which configuration, and the code that takes part. */
export interface GatewayDefinition {
  /** Files or one folder, relative to this module. FILEs on the command line replace them. @default ocelot.json */
  readonly config?: string | readonly string[];
  /**
   * Set up in this order, after the plugins the command line brings (`telemetry()`, `rateLimit()`, `auth()`,
   * `resilience()`, `lb()`, `consul()`, `wsRelay()`, `httpRelay()`).
   * One with the name of such a plugin takes its place.
   */
  readonly plugins?: readonly Plugin[];
}

/**
 * Gives an `ocelot.config.mjs` completion and type checks; returns what it is given.
 *
 * @example
 * export default defineGateway({ config: ['ocelot.json'], plugins: [myProvider()] });
 */
export function defineGateway(definition: GatewayDefinition): GatewayDefinition {
  return definition;
}
