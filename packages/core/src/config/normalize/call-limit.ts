import type { FileGlobal, FileRouteCommon } from '../file-config.js';
import { effectiveOptions } from './group-rule.js';

/** Ocelot: QoS time-outs beyond these two, both excluded, are replaced by the default. */
const SHORTEST_MS = 10;
const LONGEST_MS = 86_400_000;
const DEFAULT_MS = 30_000;

/**
 * `QoSOptions.Timeout` of a route: the time limit of one call, in milliseconds. It acts whatever `Timeout` says: of the
 * two the smaller would, but Ocelot raises a `Timeout` that is not larger to twice this one.
 * @returns undefined when there is none; Ocelot: zero or less counts as absent.
 */
export function callLimitMs(route: FileRouteCommon, shared: FileGlobal): number | undefined {
  const ms = effectiveOptions(route.QoSOptions, shared.QoSOptions, route.Key).Timeout ?? 0;
  if (ms <= 0) return undefined;
  return ms > SHORTEST_MS && ms < LONGEST_MS ? ms : DEFAULT_MS;
}

/** The smaller of two limits, in milliseconds; `ms` 0 is none. */
export function within(ms: number, limitMs: number | undefined): number {
  if (limitMs === undefined) return ms;
  return ms === 0 ? limitMs : Math.min(ms, limitMs);
}
