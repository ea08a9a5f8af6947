// `npm run bench`: what a proxied WebSocket costs, ours beside the peers.
//
// Why it exists: a claim about speed is worth what it takes to check it. One command starts the real proxies, drives
// them with a load generator whose own cost is printed, and tells CPU per unit of work with its spread.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

import { HELP, parseArguments } from './arguments.mjs';
import { BenchError } from './bench-error.mjs';
import { CACHE } from './cache.mjs';
import { compileLoad } from './load.mjs';
import { chooseCores, commit, machine, maxConnections, moveTo } from './machine.mjs';
import { measure } from './measure.mjs';
import { profile } from './profile.mjs';
import { FORMAT, save, textOf } from './results.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { traceCalls } from './strace.mjs';
import { figure, tableOf } from './table.mjs';
import { targetOf } from './targets.mjs';

const tell = (text) => process.stderr.write(`${text}\n`);

/** Fetches and starts what every way of looking needs; `folder` holds logs and configurations until the end. */
async function prepare(options) {
  const cores = chooseCores();
  moveTo(cores.load);
  await mkdir(CACHE, { recursive: true });
  const binary = await compileLoad();
  const targets = {};
  const versions = {};
  for (const spec of options.targets) {
    targets[spec] = targetOf(spec, options.dist);
    versions[spec] = await targets[spec].prepare();
    tell(`ready: ${spec} ${versions[spec]}`);
  }
  const folder = await mkdtemp(join(CACHE, 'run-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { ...options, targets, versions, cores, binary, folder, maxConnections: maxConnections() };
}

async function run(how) {
  const result = {
    format: FORMAT,
    name: how.name,
    startedAt: new Date().toISOString(),
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
    commit: commit(how.dist),
    machine: machine(),
    versions: how.versions,
    rounds: how.rounds,
    measureMs: how.measureMs,
    scenarios: {},
    problems: [],
    leftOut: [],
  };
  let longestMs = 0;
  for (const name of how.scenarios) {
    const { title, kind, unit } = SCENARIOS[name];
    const begunMs = performance.now();
    if (begunMs + longestMs > how.budgetMs) {
      tell(`${name}: left out, the time is up`);
      result.leftOut.push(name);
      continue;
    }
    tell(`${name}: ${title}`);
    const onSample = (label, { value, foreignCpus, isDisturbed }) =>
      tell(
        `  ${label.padEnd(24)} ${figure(value).padStart(8)} ${kind === 'cpu' ? 'µs' : 'bytes'}/${unit}` +
          (isDisturbed ? `  disturbed: ${foreignCpus.toFixed(2)} CPU used by others` : ''),
      );
    const onProblem = (target, message) => {
      result.problems.push({ scenario: name, target, message });
      tell(`  ${target}: ${message.trim()}`);
    };
    result.scenarios[name] = { title, kind, unit, targets: await measure(name, { ...how, onSample, onProblem }) };
    longestMs = Math.max(longestMs, performance.now() - begunMs);
    // After each scenario: what ends an hour's run early must not cost what it has found.
    if (how.isSaved) tell(`saved ${(await save(result)).join(', ')}`);
  }
  return result;
}

/** `--profile` and `--strace`: one target after the other, nothing is compared. */
async function look(how) {
  for (const name of how.scenarios) {
    const scenario = SCENARIOS[name];
    if (scenario.kind !== 'cpu') continue;
    for (const [label, target] of Object.entries(how.targets)) {
      if (target.start === undefined || (how.look === 'profile' && !target.isOurs)) continue;
      const show = how.look === 'profile' ? profile : traceCalls;
      console.log(await show(name, scenario, label, target, how));
    }
  }
}

async function main(words) {
  const options = parseArguments(words);
  if (options.isHelp) {
    console.log(HELP);
    return;
  }
  const how = await prepare(options);
  if (how.look !== undefined) {
    await look(how);
    return;
  }
  const result = await run(how);
  if (how.isJson) console.log(textOf(result));
  else for (const [name, scenario] of Object.entries(result.scenarios)) console.log(tableOf(name, scenario));
  if (result.problems.length > 0)
    throw new BenchError(`${result.problems.length} times a target could not be measured; see above.`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof BenchError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof BenchError ? 2 : 1;
}
