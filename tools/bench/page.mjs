// The generated part of docs/architecture/benchmarks.md: goals, figures, and what they were measured with.
import { comparisons } from './compare.mjs';
import { FOREIGN_LIMIT } from './sample.mjs';
import { summarize } from './statistics.mjs';
import { figure } from './table.mjs';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/**
 * Puts the results between the markers of a page.
 *
 * @param {string} page
 * @param {any} result of a results file
 * @throws {Error} when the page has no markers
 */
export function withResults(page, result) {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`The page has no ${BEGIN} … ${END}.`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${partOf(result)}\n\n${page.slice(to)}`;
}

function partOf(result) {
  const { machine, versions } = result;
  const named = Object.entries(versions).filter(([, version]) => version !== 'none');
  const disturbed = Object.values(result.scenarios)
    .flatMap(({ targets }) => Object.values(targets).flat())
    .filter(({ isDisturbed }) => isDisturbed).length;
  return [
    `- Measured ${result.startedAt.slice(0, 10)} at commit ${result.commit} with \`${result.command}\`: ${result.rounds} ${result.rounds === 1 ? 'round' : 'rounds'} of ${result.measureMs} ms.`,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}, ${machine.distribution}, Node ${machine.node}.`,
    `- Versions: ${named.map(([name, version]) => `${name} ${version}`).join(', ')}.`,
    disturbed === 0
      ? '- No sample was disturbed.'
      : `- **${disturbed} ${disturbed === 1 ? 'sample was' : 'samples were'} disturbed**: others used more than ${FOREIGN_LIMIT} cores meanwhile, on every try.`,
    ...(result.leftOut.length === 0 ? [] : [`- Left out, as the time was up: ${result.leftOut.join(', ')}.`]),
    ...result.problems.map(
      ({ scenario, target, message }) => `- Not measured: ${target} in ${scenario} (${message.split('\n')[0]})`,
    ),
    '',
    '![Cost by scenario and proxy](benchmarks.svg)',
    '',
    '### Ratios',
    '',
    ...ratioTable(result.scenarios),
    ...Object.entries(result.scenarios).flatMap(([name, scenario]) => ['', ...section(name, scenario)]),
  ].join('\n');
}

function ratioTable(scenarios) {
  const rows = Object.entries(scenarios).flatMap(([name, { title, targets }]) =>
    comparisons(name, targets).map(({ ours, peer, ratio, goal, isMet }) => [
      title,
      ours,
      peer,
      ratio.median.toFixed(2),
      `${ratio.q1.toFixed(2)} – ${ratio.q3.toFixed(2)}`,
      goal === undefined ? '' : `≤ ${goal.toFixed(2)}`,
      goal === undefined ? '' : isMet ? 'yes' : '**no**',
    ]),
  );
  if (rows.length === 0) return ['Nothing to compare: ours or its peers were not measured.'];
  return markdownTable(['scenario', 'ours', 'to', 'ratio', 'quartiles', 'goal', 'met'], rows, 3);
}

function section(name, { title, kind, unit, targets }) {
  const isCpu = kind === 'cpu';
  const head = isCpu
    ? ['target', `CPU µs/${unit}`, 'quartiles', `${unit}s/s`, 'p50 ms', 'p99 ms', 'generator µs', 'failed']
    : ['target', `bytes/${unit}`, 'quartiles', 'sockets', 'MiB before', 'MiB open', 'MiB closed', 'failed'];
  const rows = Object.entries(targets).map(([label, samples]) => {
    const of = (key, scale = 1) => figure(summarize(samples.map((sample) => sample[key] / scale)).median);
    const value = summarize(samples.map((sample) => sample.value));
    const failed = samples.reduce((total, sample) => total + sample.failed, 0);
    const middle = isCpu
      ? ['perSecond', 'p50Ms', 'p99Ms', 'generatorUs'].map((key) => of(key))
      : [of('connections'), ...['residentBefore', 'residentAfter', 'residentClosed'].map((key) => of(key, 2 ** 20))];
    const cost = label === 'direct' ? ['', ''] : [figure(value.median), `${figure(value.q1)} – ${figure(value.q3)}`];
    return [label, ...cost, ...middle, String(failed)];
  });
  return [`### ${title} (\`${name}\`)`, '', ...markdownTable(head, rows, 1)];
}

/** A table with columns as wide as their widest cell; those from `firstFigure` on stand to the right. */
function markdownTable(head, rows, firstFigure) {
  const widths = head.map((text, column) => Math.max(3, text.length, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column < firstFigure ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < firstFigure ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)];
}
