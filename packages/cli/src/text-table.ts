/**
 * Aligned columns for a terminal or a pipe; the last cell of a row is not padded.
 * @param dim how the headings are set apart; the identity when colours are off.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  dim: (text: string) => string,
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[dim(line(headings)), ...rows.map(line)].join('\n')}\n`;
}
