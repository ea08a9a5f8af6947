import { parseArgs } from 'node:util';

import { ALL_CASES } from './cases/all-cases.js';
import { MODES, type Mode } from './conformance-case.js';
import { reportText, type ModeReport } from './report.js';
import { runSuite } from './suite.js';
import { CLOSE_PAGE, tableInPage, tableOf, writeTable } from './truth-table/page.js';
import { observe } from './truth-table/run-scenarios.js';
import { SCENARIOS } from './truth-table/scenarios.js';

const HELP = `npm run conformance -- [--mode MODE] [--case TEXT] [--json] [--list]

Runs the RFC 6455 cases through a gateway of its own and prints a table.
  --mode MODE   framed, opaque or messages; several times for several. All of them unless given.
  --case TEXT   only cases whose name holds TEXT, as in --case utf8/broken
  --json        every result as JSON on standard output
  --list        names the cases and ends
  --truth-table ends sessions in every way instead, and prints the table of docs/architecture/close-and-drain.md;
                with --write it goes into the page
It ends with 1 when a case failed, with 2 when the arguments are wrong.`;

/** What {@link conformance} has to say: text for standard output, and how the process ends. */
export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}

/** The command behind `npm run conformance`. */
export async function conformance(args: readonly string[]): Promise<CommandResult> {
  let options: ReturnType<typeof read>;
  try {
    options = read(args);
  } catch (error) {
    return { text: `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, exitCode: 2 };
  }
  if (options.help === true) return { text: HELP, exitCode: 0 };
  if (options['truth-table'] === true) return truthTable(options.write === true);
  const wanted = options.case ?? '';
  const cases = ALL_CASES.filter(({ name }) => name.includes(wanted));
  const modes = options.mode ?? MODES;
  const unknown = modes.filter((mode) => !isMode(mode));
  if (unknown.length > 0) return { text: `There is no mode ${unknown.join(', ')}.\n\n${HELP}`, exitCode: 2 };
  if (cases.length === 0) return { text: `No case is called ${wanted}. --list names them all.`, exitCode: 2 };
  if (options.list === true)
    return { text: cases.map(({ name, rule }) => `${name} (${rule})`).join('\n'), exitCode: 0 };
  const reports: ModeReport[] = [];
  for (const mode of modes.filter((name) => isMode(name))) {
    const started = performance.now();
    const results = await runSuite(mode, cases);
    reports.push({ mode, results, seconds: (performance.now() - started) / 1000 });
  }
  const hasFailed = reports.some(({ results }) => results.some(({ problems }) => problems.length > 0));
  const text = options.json === true ? JSON.stringify(reports, null, 2) : reportText(reports);
  return { text, exitCode: hasFailed ? 1 : 0 };
}

async function truthTable(mayWrite: boolean): Promise<CommandResult> {
  const table = tableOf(await observe(SCENARIOS, MODES));
  if (mayWrite) await writeTable(CLOSE_PAGE, table);
  const isSame = (await tableInPage(CLOSE_PAGE)) === table;
  const advice = isSame ? 'The page says the same.' : 'The page differs. --write puts this table into it.';
  return { text: `${table}\n\n${advice}`, exitCode: isSame ? 0 : 1 };
}

function read(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      mode: { type: 'string', multiple: true },
      case: { type: 'string' },
      json: { type: 'boolean' },
      list: { type: 'boolean' },
      'truth-table': { type: 'boolean' },
      write: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

function isMode(name: string): name is Mode {
  return (MODES as readonly string[]).includes(name);
}
