import { readFile, writeFile } from 'node:fs/promises';

import type { PeerRecord } from '../strict-peer.js';
import type { Observation } from './run-scenarios.js';

/** The page that shows the table. */
export const CLOSE_PAGE: URL = new URL('../../../../docs/architecture/close-and-drain.md', import.meta.url);

const BEGIN = '<!-- truth table: begin, written by `npm run conformance -- --truth-table --write` -->';
const END = '<!-- truth table: end -->';

const HEAD: readonly string[] = [
  'event',
  'what happens',
  'mode',
  'the client sees',
  'the backend sees',
  'closed by',
  'close code',
  'error',
  'over within',
];

/** The table as the page shows it. No figure of time stands in it: only the name of the limit that was kept. */
export function tableOf(observations: readonly Observation[]): string {
  const rows: { readonly modes: string[]; readonly cells: readonly string[] }[] = [];
  for (const observation of observations) {
    const cells = cellsOf(observation);
    const same = rows.find((row) => row.cells.join('|') === cells.join('|'));
    if (same === undefined) rows.push({ modes: [observation.mode], cells });
    else same.modes.push(observation.mode);
  }
  const lines = rows.map(({ modes, cells }) => [...cells.slice(0, 2), modes.join(', '), ...cells.slice(2)]);
  return markdown([HEAD, ...lines]);
}

function cellsOf({ scenario, client, backend, line }: Observation): readonly string[] {
  const text = (value: unknown): string =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : 'none';
  const error = typeof line?.['code'] === 'string' ? `\`${line['code'].replace('OCELOT_ERR_', '')}\`` : 'none';
  return [
    `\`${scenario.event}\``,
    scenario.what,
    seen(client),
    seen(backend),
    line === undefined ? '**nobody, it goes on**' : text(line['closedBy']),
    text(line?.['closeCode']),
    error,
    scenario.within === 'at once' ? scenario.within : `\`${scenario.within}\``,
  ];
}

/** What one side saw, in order: Close frames, then how its connection ended. */
function seen(record: PeerRecord): string {
  const closes = record.events.flatMap((event) => {
    if (event.kind === 'close') return [event.code === undefined ? 'empty Close' : `Close ${event.code}`];
    return event.kind === 'fault' ? [`**${event.rule}**`] : [];
  });
  const end = { fin: 'FIN', reset: 'RST', none: 'nothing' }[record.end];
  return closes.length > 0 && record.end === 'none' ? closes.join(', ') : [...closes, end].join(', ');
}

/** Columns as wide as their widest cell, as the formatter of the repository wants them. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = HEAD, ...rest] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

/** The table that stands in the page now. @throws when the markers are gone. */
export async function tableInPage(page: URL): Promise<string> {
  return split(await readFile(page, 'utf8')).table;
}

/** Puts the table between the markers of the page. */
export async function writeTable(page: URL, table: string): Promise<void> {
  const { before, behind } = split(await readFile(page, 'utf8'));
  await writeFile(page, `${before}${BEGIN}\n\n${table}\n\n${END}${behind}`);
}

function split(text: string): { readonly before: string; readonly table: string; readonly behind: string } {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error('the page has lost the markers of its truth table');
  const table = text.slice(from + BEGIN.length, to).trim();
  return { before: text.slice(0, from), table, behind: text.slice(to + END.length) };
}
