// Medians, spread and paired ratios. Everything is told by rank: one disturbed round must not move a figure.

/**
 * @param {readonly number[]} values
 * @param {number} share 0 to 1; between two ranks the value is interpolated
 */
export function quantile(values, share) {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

/**
 * @param {readonly number[]} values
 * @returns {{ median: number, q1: number, q3: number, min: number, max: number, count: number }}
 */
export function summarize(values) {
  const at = (share) => quantile(values, share);
  return { median: at(0.5), q1: at(0.25), q3: at(0.75), min: at(0), max: at(1), count: values.length };
}

/**
 * Ratios of two targets, round by round: what disturbs a whole round disturbs both sides of its ratio.
 *
 * @param {readonly { round: number, value: number }[]} ours
 * @param {readonly { round: number, value: number }[]} theirs
 */
export function pairedRatios(ours, theirs) {
  const others = new Map(theirs.map(({ round, value }) => [round, value]));
  return ours.flatMap(({ round, value }) => {
    const other = others.get(round);
    return other === undefined || !(other > 0) ? [] : [value / other];
  });
}
