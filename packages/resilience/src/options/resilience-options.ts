import type { GatewayConfig, Route } from '@ocelot/core';

import type { EjectionOptions } from '../ejection/ejection-options.js';
import type { HealthCheckOptions } from '../health/health-check-options.js';
import type { RetryBudgetOptions } from '../retry/retry-budget.js';
import { type BreakerOptions, readQualityOfService, type ReplacedOption } from './breaker-options.js';
import { readHealthCheck } from './read-health-check.js';
import { type PartReader, SectionReader } from './section-reader.js';

/** Everything that a route asks of this package, defaults applied; plain data, so that equal ones can be told. */
export interface ResilienceOptions {
  readonly breaker: BreakerOptions | undefined;
  readonly retryBudget: RetryBudgetOptions | undefined;
  readonly ejection: EjectionOptions | undefined;
  readonly healthCheck: HealthCheckOptions | undefined;
  readonly slowStartMs: number;
  /** Whether all endpoints are used when none is well. */
  readonly panics: boolean;
}

/** What a file says about a route. */
export interface ReadResilience {
  /** Undefined when the route asks for nothing of this package. */
  readonly options: ResilienceOptions | undefined;
  /** Values of `QoSOptions` that are out of range: whoever wrote them is to be told. */
  readonly replaced: readonly ReplacedOption[];
  /** Whether a slow start was asked for that would tear clients from their endpoints. */
  readonly dropsSlowStart: boolean;
}

/** Policies that send a client where it was before: one request in ten would not do. */
const KEEPS_CLIENTS = ['cookiestickysessions', 'affinitycookie', 'consistenthash'];

/**
 * Reads `QoSOptions` and `Gateway.Resilience` of a route, whose keys win over the global ones within each part.
 * @throws ConfigError for what the schema cannot say.
 */
export function readResilience(route: Route, config: GatewayConfig): ReadResilience {
  const reader = new SectionReader(route, config);
  const scope = reader.part('Breaker')?.word('Scope', 'endpoint') === 'route' ? 'route' : 'endpoint';
  const { breaker, replaced } = readQualityOfService(route.options.qualityOfService, scope);
  const slowStartMs = reader.number('SlowStartMs', 0);
  const dropsSlowStart = slowStartMs > 0 && KEEPS_CLIENTS.includes(route.balancing.type.toLowerCase());
  const options: ResilienceOptions = {
    breaker,
    retryBudget: retryBudget(reader.part('RetryBudget')),
    ejection: ejection(reader.part('Ejection')),
    healthCheck: readHealthCheck(reader.part('HealthCheck')),
    slowStartMs: dropsSlowStart ? 0 : slowStartMs,
    panics: reader.word('PanicMode', 'off') === 'all',
  };
  return { options: isInUse(options) ? options : undefined, replaced, dropsSlowStart };
}

/** Panic alone changes nothing: without checks and ejection every endpoint is well. */
function isInUse({
  breaker,
  retryBudget: budget,
  ejection: outliers,
  healthCheck,
  slowStartMs,
}: ResilienceOptions): boolean {
  return [breaker, budget, outliers, healthCheck].some((part) => part !== undefined) || slowStartMs > 0;
}

function retryBudget(part: PartReader | undefined): RetryBudgetOptions | undefined {
  if (part === undefined) return undefined;
  return { ratio: part.number('Ratio', 0.2), minPerSecond: part.number('MinPerSecond', 3) };
}

function ejection(part: PartReader | undefined): EjectionOptions | undefined {
  if (part === undefined) return undefined;
  const options: EjectionOptions = {
    consecutiveFailures: part.number('ConsecutiveFailures', 5),
    failureRatio: part.number('FailureRatio', 0),
    minimumRequests: part.number('MinimumRequests', 20),
    windowMs: part.number('WindowMs', 10_000),
    baseMs: part.number('BaseMs', 30_000),
    maxMs: part.number('MaxMs', 300_000),
    maxEjectedPercent: part.number('MaxEjectedPercent', 50),
    earlyDeathMs: part.number('EarlyDeathMs', 0),
  };
  if (options.consecutiveFailures === 0 && options.earlyDeathMs > 0) {
    part.refuse('EarlyDeathMs', 'EarlyDeathMs is judged by ConsecutiveFailures, which is 0', 'Set it to 1 or more.');
  }
  return options.consecutiveFailures === 0 && options.failureRatio === 0
    ? undefined
    : { ...options, maxMs: Math.max(options.baseMs, options.maxMs) };
}
