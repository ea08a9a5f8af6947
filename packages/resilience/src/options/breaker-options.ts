import type { JsonObject, JsonValue } from '@ocelot/core';

/** Whose failures open the circuit: those of one endpoint, or those of all endpoints of a route (Ocelot's own way). */
export type BreakerScope = 'endpoint' | 'route';

/** A circuit breaker as a route asks for it, defaults applied. */
export interface BreakerOptions {
  readonly scope: BreakerScope;
  /** Consecutive failures that open the circuit; with a ratio: calls in the window before it is judged. */
  readonly minimumThroughput: number;
  /** How long the circuit stays open. */
  readonly breakMs: number;
  /** Share of failures, above 0 to 1, that opens the circuit; undefined: consecutive failures count. */
  readonly failureRatio: number | undefined;
  /** Time over which the ratio is taken. */
  readonly samplingMs: number;
}

/** A value that was replaced because it is out of range. */
export interface ReplacedOption {
  /** Of `QoSOptions`. */
  readonly key: string;
  readonly value: JsonValue;
  readonly replacedBy: number;
  /** The range, for people. */
  readonly allowed: string;
}

/** What `QoSOptions` ask for. */
export interface QualityOfService {
  /** Undefined: the options are absent, or none of them is in use. */
  readonly breaker: BreakerOptions | undefined;
  /** Whoever wrote them is told, once per configuration. */
  readonly replaced: readonly ReplacedOption[];
}

/** One row of Ocelot's table of ranges (its built-in breaker, 25.0). */
interface Range {
  readonly key: string;
  readonly fallback: number;
  readonly allowed: string;
  readonly holds: (value: number) => boolean;
}

const BREAK_DURATION: Range = {
  key: 'BreakDuration',
  fallback: 5000,
  allowed: 'more than 500 ms',
  holds: (value) => value > 500,
};
const MINIMUM_THROUGHPUT: Range = {
  key: 'MinimumThroughput',
  fallback: 100,
  allowed: '2 or more',
  holds: (value) => value >= 2,
};
const FAILURE_RATIO: Range = {
  key: 'FailureRatio',
  fallback: 0.5,
  allowed: 'above 0 and at most 1',
  holds: (value) => value > 0 && value <= 1,
};
const SAMPLING_DURATION: Range = {
  key: 'SamplingDuration',
  fallback: 10_000,
  allowed: 'more than 500 ms',
  holds: (value) => value > 500,
};
/** Core reads it; it is looked at here so that a value that core leaves aside is told of beside the others. */
const TIMEOUT: Range = {
  key: 'Timeout',
  fallback: 30_000,
  allowed: 'more than 10 ms and less than a day',
  holds: (value) => value > 10 && value < 86_400_000,
};
/** Longest timer; what is longer is as good as for ever. */
const LONGEST_MS = 2_147_483_647;

/**
 * Reads `QoSOptions` by Ocelot's rules: they are in use when `MinimumThroughput`, `FailureRatio` or `Timeout` is above 0,
 * and values out of range are replaced by their default. A `Timeout` alone makes a breaker too: 100 failures in a row.
 */
export function readQualityOfService(options: JsonObject | undefined, scope: BreakerScope): QualityOfService {
  const isInUse = ['MinimumThroughput', 'FailureRatio', 'Timeout'].some((key) => isAboveZero(options?.[key]));
  if (options === undefined || !isInUse) return { breaker: undefined, replaced: [] };
  const replaced: ReplacedOption[] = [];
  const read = (range: Range): number => within(range, options[range.key], replaced);
  read(TIMEOUT);
  const breaker: BreakerOptions = {
    scope,
    minimumThroughput: read(MINIMUM_THROUGHPUT),
    breakMs: Math.min(read(BREAK_DURATION), LONGEST_MS),
    failureRatio: isAboveZero(options['FailureRatio']) ? read(FAILURE_RATIO) : undefined,
    samplingMs: read(SAMPLING_DURATION),
  };
  return { breaker, replaced };
}

/** Ocelot: zero or less counts as absent. */
function isAboveZero(value: JsonValue | undefined): boolean {
  return typeof value === 'number' && value > 0;
}

function within(range: Range, value: JsonValue | undefined, replaced: ReplacedOption[]): number {
  if (typeof value !== 'number' || value <= 0) return range.fallback;
  if (range.holds(value)) return value;
  replaced.push({ key: range.key, value, replacedBy: range.fallback, allowed: range.allowed });
  return range.fallback;
}
