// The command line of the benchmark: what may be said, and what it means.
import { parseArgs } from 'node:util';

import { BenchError } from './bench-error.mjs';
import { MAX_TRIES } from './sample.mjs';
import { SCENARIOS, SCENARIO_NAMES } from './scenarios.mjs';
import { TARGET_NAMES, targetOf } from './targets.mjs';

/** The most telling first: what would begin too late is left out. */
const QUICK_SCENARIOS = ['e64', 'hs', 'push', 'big', 'idle5k', 'p64w16', 'e1000'];
const QUICK_BUDGET_MS = 170_000;
const QUICK_TARGETS = ['nginx', 'httpxy', 'ocelot-framed'];

export const HELP = `Usage: npm run bench -- [options]

Measures what a proxied WebSocket costs: CPU of the proxy process (user and system) per unit of work, ours beside
nginx, HAProxy and the proxies on Node. Proxy on one core, load and backend on another, targets in turns.

Options:
  --quick              a reduced set in under 3 minutes; what would end later is left out
  --scenario <a,b>     only these (default: all)
  --target <x,y>       only these (default: all); ocelot-framed@DIR runs the build of another checkout
  --rounds <N>         samples of each target, taken in turns (default: 7; quick: 2)
  --measure-ms <N>     length of a sample (default: 2000; quick: 1000)
  --dist <DIR>         root of the checkout whose build is measured (default: this one)
  --name <NAME>        keep the results as tools/bench/results/DATE-NAME.json; without it they are only in
                       latest.json there, until the next run
  --no-save            write no results file at all
  --json               print the results as JSON on stdout instead of a table
  --profile            instead: run ours under V8's profiler, list functions by their own time
  --strace             instead: count the system calls of each target per unit of work (needs strace)
  -h, --help           print this

Scenarios:
${SCENARIO_NAMES.map((name) => `  ${name.padEnd(10)} ${SCENARIOS[name].does}`).join('\n')}

Targets:
  ${TARGET_NAMES.join(', ')}

Examples:
  npm run bench -- --quick
  npm run bench -- --scenario e64 --target ocelot-framed,httpxy,nginx --rounds 7
  npm run bench -- --scenario e64,push --target ocelot-framed,ocelot-framed@../before
  npm run bench -- --scenario e64 --target ocelot-framed --profile
  npm run bench:report                  write docs/architecture/benchmarks.md from results/latest.json

Fewer than 7 rounds show whether it works, not who is faster. First use compiles the load generator (needs cc),
fetches nginx and HAProxy unless they are on PATH (apt-get download), and installs the npm peers; all into .cache/bench.
`;

/**
 * @param {readonly string[]} words without node and script
 * @throws {BenchError} naming the word that is wrong
 */
export function parseArguments(words) {
  const values = parse(words);
  const isQuick = values.quick ?? false;
  const scenarios = list('scenario', values.scenario) ?? (isQuick ? QUICK_SCENARIOS : SCENARIO_NAMES);
  const unknown = scenarios.find((name) => !Object.hasOwn(SCENARIOS, name));
  if (unknown !== undefined)
    throw new BenchError(`Unknown scenario "${unknown}". There are: ${SCENARIO_NAMES.join(', ')}.`);
  const targets = list('target', values.target) ?? (isQuick ? QUICK_TARGETS : TARGET_NAMES);
  targets.forEach((spec) => targetOf(spec));
  const { name } = values;
  if (name !== undefined && !/^[\w-]+$/.test(name))
    throw new BenchError(`--name ${String(name)}: letters, digits, "-" and "_" only.`);
  return {
    isHelp: values.help ?? false,
    isQuick,
    scenarios,
    targets,
    rounds: whole('rounds', values.rounds, isQuick ? 2 : 7),
    // A fresh proxy for each round, and half a minute for that: fewer do.
    memoryRounds: Math.min(whole('rounds', values.rounds, isQuick ? 1 : 3), 3),
    maxTries: isQuick ? 1 : MAX_TRIES,
    primeMs: isQuick ? 1000 : 3000,
    primeTries: isQuick ? 3 : 5,
    measureMs: whole('measure-ms', values['measure-ms'], isQuick ? 1000 : 2000),
    warmMs: isQuick ? 300 : 1000,
    dist: values.dist,
    name,
    isSaved: !(values['no-save'] ?? false),
    isJson: values.json ?? false,
    budgetMs: isQuick ? QUICK_BUDGET_MS : Number.POSITIVE_INFINITY,
    look: lookOf(values),
  };
}

function parse(words) {
  try {
    const text = { type: 'string' };
    const flag = { type: 'boolean' };
    return parseArgs({
      args: [...words],
      options: {
        quick: flag,
        scenario: text,
        target: text,
        rounds: text,
        'measure-ms': text,
        dist: text,
        name: text,
        'no-save': flag,
        json: flag,
        profile: flag,
        strace: flag,
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new BenchError(`${error.message} "npm run bench -- --help" lists the options.`, { cause: error });
  }
}

/** What is looked at instead of measuring. */
function lookOf({ profile, strace }) {
  if (profile && strace) throw new BenchError('--profile and --strace disturb each other: take one.');
  if (profile) return 'profile';
  return strace ? 'strace' : undefined;
}

function list(name, text) {
  const parts = text?.split(',').filter((part) => part !== '');
  if (parts?.length === 0) throw new BenchError(`--${name} names nothing.`);
  return parts;
}

function whole(name, text, otherwise) {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new BenchError(`--${name} ${text}: a whole number from 1 on.`);
  return number;
}
