// Hot path: once per request on routes with `RateLimitOptions`. The same steps stand in store/redis-script.ts, for counters
// that several gateways share: what is changed here is changed there.

/** How many requests may come in a window, and how long a client waits that sent more (`RateLimitOptions`). */
export interface Rule {
  readonly limit: number;
  readonly periodMs: number;
  /** 0: until the end of the window. */
  readonly waitMs: number;
}

/** What is remembered of one client under one rule. Times are of a monotonic clock. */
export interface Counter {
  readonly startedAtMs: number;
  /** When the limit was passed; undefined: not yet. */
  readonly exceededAtMs: number | undefined;
  /** Requests since `startedAtMs`, refused ones too. */
  readonly total: number;
}

/** What came of counting one request. */
export interface Counted {
  readonly counter: Counter;
  /** Milliseconds until the client may come back; 0: the request passes. */
  readonly retryAfterMs: number;
}

/** What a rule keeps longer than its window and its wait, as Ocelot does. */
const SPARE_MS = 1000;

/** How long a counter is kept after its last request, in milliseconds. */
export function storedForMs(rule: Rule): number {
  return rule.periodMs + rule.waitMs + SPARE_MS;
}

/**
 * Counts one more request (Ocelot: RateLimiting.cs, Count). Both ends of a window belong to it. The limit is looked at
 * before the window, as in Ocelot: with a wait, a client that used up a window to the last request and comes back after
 * it, while its counter is still kept, waits once more.
 */
export function count(entry: Counter | undefined, rule: Rule, nowMs: number): Counter {
  if (entry === undefined) return begin(nowMs);
  const total = entry.total + 1;
  const exceededAtMs = entry.exceededAtMs ?? (total > rule.limit ? nowMs : undefined);
  const isInPeriod = nowMs <= entry.startedAtMs + rule.periodMs;
  const isInWait = exceededAtMs !== undefined && nowMs <= exceededAtMs + rule.waitMs;
  return isInPeriod || isInWait ? { startedAtMs: entry.startedAtMs, exceededAtMs, total } : begin(nowMs);
}

/**
 * How long a client waits (Ocelot: RateLimiting.cs, RetryAfter), in milliseconds.
 * @returns 0 under the limit; -1 when the limit was passed and the wait is over.
 */
export function retryAfterMs(counter: Counter, rule: Rule, nowMs: number): number {
  if (counter.total <= rule.limit) return 0;
  const periodEndMs = counter.startedAtMs + rule.periodMs;
  if (rule.waitMs === 0 && nowMs < periodEndMs) return periodEndMs - nowMs;
  const waitEndMs = (counter.exceededAtMs ?? nowMs) + rule.waitMs;
  return nowMs < waitEndMs ? waitEndMs - nowMs : -1;
}

/** Counts one more request and decides about it (Ocelot: RateLimiting.cs, ProcessRequest). */
export function decide(entry: Counter | undefined, rule: Rule, nowMs: number): Counted {
  const counter = count(entry, rule, nowMs);
  const waitMs = retryAfterMs(counter, rule, nowMs);
  return waitMs < 0 ? { counter: begin(nowMs), retryAfterMs: 0 } : { counter, retryAfterMs: waitMs };
}

function begin(nowMs: number): Counter {
  return { startedAtMs: nowMs, exceededAtMs: undefined, total: 1 };
}
