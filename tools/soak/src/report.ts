import type { Totals } from './load.js';
import type { Holdings } from './resources.js';
import type { Violation } from './violations.js';

/** What came of a soak. */
export interface SoakReport {
  readonly seed: string;
  readonly seconds: number;
  readonly connections: number;
  readonly totals: Totals;
  /** Connections a second that the churn phase reached. */
  readonly churnPerSecond: number;
  readonly reloads: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Codes of the log's end lines. */
  readonly codes: Readonly<Record<string, number>>;
  readonly holdings: Holdings;
  readonly violations: {
    readonly total: number;
    readonly counts: Readonly<Record<string, number>>;
    readonly kept: readonly Violation[];
  };
}

/** The report for a person. */
export function describeReport(report: SoakReport): string {
  const { totals, holdings, violations } = report;
  const lines = [
    '',
    `seed ${report.seed}, ${report.seconds} s, ${report.connections} conversations at a time`,
    `conversations  ${totals.finished} (churn: ${report.churnPerSecond}/s), messages checked ${totals.messages}`,
    `answers        ${counted(totals.statuses)}`,
    `faults         ${counted(report.faults)}`,
    `ends logged    ${counted(report.codes)}`,
    `reloads        ${report.reloads}`,
    '',
    'held by the gateway, nobody connected, garbage collected:',
    '               rss MiB  heap MiB  external MiB  fds  sockets  sessions  leases  listeners  objects',
  ];
  for (const [name, held] of Object.entries(holdings)) {
    const { rss, heapUsed, external } = held.memory;
    lines.push(
      [
        name.padEnd(15),
        mebibytes(rss).padStart(7),
        mebibytes(heapUsed).padStart(10),
        mebibytes(external).padStart(14),
        String(held.descriptors).padStart(5),
        String(held.resources['TCPSocketWrap'] ?? 0).padStart(9),
        String(held.sessions).padStart(10),
        String(held.leases).padStart(8),
        String(held.listeners).padStart(11),
        `  ${counted(held.objects)}`,
      ].join(''),
    );
  }
  lines.push('');
  if (violations.total === 0) lines.push('PASSED: nothing was lost, altered or left behind.');
  else {
    lines.push(`FAILED: ${violations.total} violations (${counted(violations.counts)})`);
    const ids = new Set(violations.kept.flatMap(({ conversation }) => conversation ?? []));
    if (ids.size > 0) {
      const some = [...ids].slice(0, 5).join(',');
      lines.push('', `again: npm run soak -- --seed ${report.seed} --only ${some}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function counted(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return entries.length === 0 ? 'none' : entries.map(([name, count]) => `${name} ${count}`).join(', ');
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1);
}
