/** The latest time that a Date can hold, in milliseconds since 1970 (ECMA-262 §21.4.1.1). */
const LATEST_MS = 8.64e15;

/** A time as text (RFC 3339), in UTC; undefined when there is none, or one beyond all calendars. */
export function timeText(ms: number | undefined): string | undefined {
  return ms === undefined || !(Math.abs(ms) <= LATEST_MS) ? undefined : new Date(ms).toISOString();
}

/**
 * Reads a time: RFC 3339 text, or seconds since 1970 as in a token (RFC 7519 §2, NumericDate).
 * @throws TypeError naming `what`.
 */
export function readTime(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value * 1000;
  const ms = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new TypeError(`${what} is a time such as "2030-01-31T12:00:00Z", or seconds since 1970.`);
  return ms;
}
