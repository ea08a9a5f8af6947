import type { ConfigIssue } from '../errors/config-error.js';
import type { BoundConfig } from './bind/bind-config.js';
import { placeFields } from './config-node.js';
import { FILE_RULES, ROUTE_RULES } from './rules/all-rules.js';
import type { Finding, RuleContext } from './rules/rule.js';

/** What the program around the configuration brings; a rule about something that is not told is not checked. */
export interface ValidationOptions {
  /** Names of the authentication schemes that exist. Undefined: schemes are not checked. */
  readonly authenticationProviders?: readonly string[];
  /** Whether a circuit breaker exists. `false`: routes that ask for one are errors. */
  readonly qualityOfService?: boolean;
  /** Whether any discovery provider exists. `false`: routes that ask for one are errors. */
  readonly discovery?: boolean;
  /** Keys that plugins act on, such as `AuthenticationOptions`: nothing is said of a plugin that is not there. */
  readonly supportedKeys?: readonly string[];
}

/** Checks a bound configuration against every rule, and reports all that is wrong at once. */
export function validateConfig({ file, locations }: BoundConfig, options: ValidationOptions): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const add = (severity: ConfigIssue['severity'], { kind, at, key, message, hint }: Finding): void => {
    issues.push({ severity, kind, ...placeFields(locations.of(at, key)), message, hint });
  };
  const context: RuleContext = {
    file,
    shared: file.GlobalConfiguration ?? {},
    options,
    locations,
    error: (finding) => add('error', finding),
    warn: (finding) => add('warning', finding),
  };
  for (const route of file.Routes ?? []) for (const rule of ROUTE_RULES) rule(route, context);
  for (const rule of FILE_RULES) rule(context);
  return issues;
}
