// The results as plain text, for the terminal.
import { comparisons } from './compare.mjs';
import { summarize } from './statistics.mjs';

/** At most three digits that count. */
export function figure(value) {
  if (!Number.isFinite(value)) return '-';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/**
 * @param {string} name of the scenario
 * @param {{ title: string, kind: string, unit: string, targets: Record<string, any[]> }} result
 */
export function tableOf(name, { title, kind, unit, targets }) {
  const isCpu = kind === 'cpu';
  const head = isCpu
    ? ['', `CPU µs/${unit}`, 'min – max', `${unit}/s`, 'p50 ms', 'p99 ms', 'generator µs', 'foreign CPU', 'failed']
    : ['', `bytes/${unit}`, 'min – max', 'connections', 'MiB before', 'MiB open', 'MiB closed', 'failed'];
  const rows = Object.entries(targets).map(([label, samples]) => {
    const of = (key) => summarize(samples.map((sample) => sample[key]));
    const mib = (key) => figure(of(key).median / 2 ** 20);
    const value = of('value');
    const common = [label, figure(value.median), `${figure(value.min)} – ${figure(value.max)}`];
    const failed = String(samples.reduce((total, sample) => total + sample.failed, 0));
    if (!isCpu)
      return [
        ...common,
        String(of('connections').median),
        mib('residentBefore'),
        mib('residentAfter'),
        mib('residentClosed'),
        failed,
      ];
    const foreign = of('foreignCpus').max.toFixed(2) + (samples.some((sample) => sample.isDisturbed) ? ' !' : '');
    const [rate, p50, p99, own] = ['perSecond', 'p50Ms', 'p99Ms', 'generatorUs'].map((key) => figure(of(key).median));
    return [...common, rate, p50, p99, own, foreign, failed];
  });
  const ratios = comparisons(name, targets).map(
    ({ ours, peer, ratio, goal, isMet }) =>
      `  ${ours} / ${peer} = ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} – ${ratio.max.toFixed(2)})` +
      (goal === undefined ? '' : `, goal ${goal}: ${isMet ? 'met' : 'missed'}`),
  );
  return [`\n${name}: ${title}`, ...aligned([head, ...rows]), ...ratios].join('\n');
}

/** The name to the left, figures to the right. */
function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
  );
}
