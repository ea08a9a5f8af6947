const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest time that a counter is kept for: 1000 days. */
const LONGEST_MS = 86_400_000_000;

/**
 * Reads a length of time as `RateLimitOptions.Period` and `Wait` write it (Ocelot: RateLimitRule.ParseTimespan): a number
 * with an optional fraction and `ms`, `s`, `m`, `h` or `d`; without a unit it is milliseconds, an empty text is 0.
 * @returns milliseconds, or undefined when the text is no length of time or is longer than 1000 days.
 */
export function parsePeriod(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined || text.trim() === '') return 0;
  const [, digits, unit = 'ms'] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)?\s*$/i.exec(text) ?? [];
  const unitMs = UNIT_MS[unit.toLowerCase()];
  if (digits === undefined || unitMs === undefined) return undefined;
  const ms = Number(digits) * unitMs;
  return ms <= LONGEST_MS ? ms : undefined;
}
