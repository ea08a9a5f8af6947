import type { Direction, JsonObject, Route } from '@ocelot/core';

import { numberAt, refuse, section, textAt } from '../config-reader.js';
import type { Rate } from './token-bucket.js';

/** What is counted. */
export type StreamUnit = 'messages' | 'bytes';

/** What happens to a sender that sends too much. */
export type StreamAction = 'pause' | 'drop' | 'close';

/** Whose messages or bytes are counted together. */
export type StreamScope = 'connection' | 'client' | 'route';

/** One rate of a limit. */
export interface ScopedRate {
  readonly scope: StreamScope;
  readonly rate: Rate;
}

/** `Gateway.RateLimit.Messages` or `Bytes` of one route. */
export interface StreamLimit {
  readonly unit: StreamUnit;
  readonly directions: readonly Direction[];
  readonly action: StreamAction;
  /** Of the Close frame, for `close`. */
  readonly closeCode: number;
  /** At least one. */
  readonly rates: readonly ScopedRate[];
}

const SCOPES: Readonly<Record<StreamScope, string>> = {
  connection: 'PerConnection',
  client: 'PerClient',
  route: 'PerRoute',
};

/** 1008 (policy violation) and 1013 (try again later). */
const CLOSE_CODES: ReadonlySet<number> = new Set([1008, 1013]);

/**
 * Reads the limits of open sockets of a route.
 * @returns empty when it has none.
 * @throws ConfigError when they cannot be kept.
 */
export function readStreamLimits(route: Route): readonly StreamLimit[] {
  const options = section(route.options.gateway, 'RateLimit');
  const limits = [readLimit(options, 'Messages', route), readLimit(options, 'Bytes', route)].filter(
    (limit) => limit !== undefined,
  );
  if (limits.length === 0 || route.transfer !== 'opaque') return limits;
  throw refuse(
    'RateLimitOpaque',
    `${route.location}/Gateway/RateLimit`,
    `${route.id} limits messages or bytes, and "Transfer": "opaque" does not look at them.`,
    'Leave "Transfer" away, or the limits; RateLimitOptions and Connections limit opaque routes too.',
  );
}

function readLimit(options: JsonObject, key: 'Messages' | 'Bytes', route: Route): StreamLimit | undefined {
  const written = section(options, key);
  const rates = (Object.keys(SCOPES) as StreamScope[]).flatMap((scope) => readRate(written, scope));
  if (rates.length === 0) return undefined;
  const closeCode = numberAt(written, 'CloseCode', 1008);
  if (!CLOSE_CODES.has(closeCode)) {
    throw refuse(
      'RateLimitCloseCode',
      `${route.location}/Gateway/RateLimit/${key}/CloseCode`,
      `CloseCode ${closeCode} does not say that there was too much.`,
      'Write 1008 (policy violation) or 1013 (try again later).',
    );
  }
  return {
    unit: key === 'Messages' ? 'messages' : 'bytes',
    directions: directionsOf(textAt(written, 'From', 'client').toLowerCase()),
    action: textAt(written, 'Action', 'pause').toLowerCase() as StreamAction,
    closeCode,
    rates,
  };
}

function readRate(limit: JsonObject, scope: StreamScope): readonly ScopedRate[] {
  const written = section(limit, SCOPES[scope]);
  const perSecond = numberAt(written, 'PerSecond', 0);
  if (perSecond <= 0) return [];
  const burst = numberAt(written, 'Burst', 0);
  return [{ scope, rate: { perSecond, burst: burst > 0 ? burst : Math.max(1, perSecond) } }];
}

function directionsOf(from: string): readonly Direction[] {
  if (from === 'both') return ['to-backend', 'to-client'];
  return from === 'backend' ? ['to-client'] : ['to-backend'];
}
