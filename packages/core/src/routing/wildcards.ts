// Literals with gaps between them, compared without regular expressions: a backtracking engine takes time n^k for k
// gaps (`{a}-{b}.zip` against thousands of hyphens), these take n·k at most. Runs several times per request: no
// allocation in `fits`.

/**
 * Whether `text` from `from` to `to` is the literals in their order, with any `minGap` or more characters between each
 * two of them.
 */
export function fits(text: string, from: number, to: number, literals: readonly string[], minGap: number): boolean {
  const first = literals[0] ?? '';
  let position = from + first.length;
  if (position > to || !text.startsWith(first, from)) return false;
  const last = literals.length - 1;
  if (last <= 0) return position === to;
  const closing = literals[last] ?? '';
  const end = to - closing.length;
  // The leftmost place is the best one for each literal: it leaves most room to those that follow.
  for (let index = 1; index < last; index += 1) {
    const literal = literals[index] ?? '';
    const found = text.indexOf(literal, position + minGap);
    if (found < 0 || found + literal.length > end) return false;
    position = found + literal.length;
  }
  return end - position >= minGap && text.startsWith(closing, end);
}

/**
 * Where the gaps lie when each takes as much as it can, the first one before the others (as greedy groups of a regular
 * expression do).
 *
 * @param stop Where the last literal begins, already checked to be there.
 * @returns Begin and end of each gap in turn; undefined when the literals do not fit.
 */
export function captureGreedily(
  text: string,
  from: number,
  stop: number,
  inner: readonly string[],
  minGap: number,
): number[] | undefined {
  const bounds: number[] = [];
  for (let index = 0; index <= inner.length; index += 1) bounds.push(from, from);
  let end = stop;
  // The rightmost place for each literal, from the right, makes every gap before it as long as it can be.
  for (let index = inner.length - 1; index >= 0; index -= 1) {
    const literal = inner[index] ?? '';
    const latest = end - minGap - literal.length;
    const found = latest < from ? -1 : text.lastIndexOf(literal, latest);
    if (found < from) return undefined;
    bounds[2 * index + 3] = end;
    bounds[2 * index + 2] = found + literal.length;
    end = found;
  }
  if (end - from < minGap) return undefined;
  bounds[1] = end;
  return bounds;
}
