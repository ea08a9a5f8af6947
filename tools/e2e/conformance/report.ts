import type { Mode } from './conformance-case.js';
import type { CaseResult } from './suite.js';

/** The results of one mode. */
export interface ModeReport {
  readonly mode: Mode;
  readonly results: readonly CaseResult[];
  readonly seconds: number;
}

/** A table for people: a row for each group, then whatever failed, one line each. */
export function reportText(reports: readonly ModeReport[]): string {
  return reports.map((report) => `${table(report)}\n`).join('\n');
}

function table({ mode, results, seconds }: ModeReport): string {
  const groups = [...new Set(results.map(({ name }) => groupOf(name)))];
  const width = Math.max(...groups.map(({ length }) => length), 5);
  const rows = groups.map((group) => {
    const mine = results.filter(({ name }) => groupOf(name) === group);
    const failed = mine.filter(({ problems }) => problems.length > 0).length;
    const cases = new Set(mine.map(({ name }) => name)).size;
    return `  ${group.padEnd(width)}  ${cell(cases)}  ${cell(mine.length)}  ${cell(failed)}`;
  });
  const failures = results.filter(({ problems }) => problems.length > 0);
  return [
    `${mode} mode, ${seconds.toFixed(1)} s`,
    `  ${'group'.padEnd(width)}  ${'cases'.padStart(6)}  ${'runs'.padStart(6)}  ${'failed'.padStart(6)}`,
    ...rows,
    ...failures.map((result) => `  FAILED ${lineOf(result)}`),
  ].join('\n');
}

/** One failed run in one line. */
function lineOf({ name, rule, from, style, problems }: CaseResult): string {
  return `${name} (${rule}), from the ${from}, ${style}: ${problems.join('; ')}`;
}

function groupOf(name: string): string {
  return name.split('/')[0] ?? name;
}

function cell(count: number): string {
  return String(count).padStart(6);
}
