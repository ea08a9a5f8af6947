// `npm run bench`: what a proxied WebSocket costs, ours beside the peers.
//
// Why it exists: a claim about speed is worth what it takes to check it. One command starts the real proxies, drives
// them with a load generator whose own cost is printed, and tells CPU per unit of work with its spread.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { HELP, parseArguments } from './arguments.mjs';
import { BenchError } from './bench-error.mjs';
import { CACHE, HERE } from './cache.mjs';
import { compileLoad } from './load.mjs';
import { chooseCores, commit, machine, maxConnections, moveTo } from './machine.mjs';
import { measure } from './measure.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { figure, tableOf } from './table.mjs';
import { targetOf } from './targets.mjs';

const tell = (text) => process.stderr.write(`${text}\n`);

async function run(options) {
  const cores = chooseCores();
  moveTo(cores.load);
  await mkdir(CACHE, { recursive: true });
  const binary = await compileLoad();
  const targets = {};
  const versions = {};
  for (const spec of options.targets) {
    targets[spec] = targetOf(spec, options.dist);
    tell(`preparing ${spec}`);
    versions[spec] = await targets[spec].prepare();
  }
  const folder = await mkdtemp(join(CACHE, 'run-'));
  const result = {
    format: 1,
    name: options.name,
    startedAt: new Date().toISOString(),
    command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
    commit: commit(),
    machine: machine(),
    versions,
    rounds: options.rounds,
    measureMs: options.measureMs,
    scenarios: {},
  };
  try {
    for (const name of options.scenarios) {
      const { title, kind, unit } = SCENARIOS[name];
      tell(`${name}: ${title}`);
      const onSample = (label, { value, foreignCpus, isDisturbed }) =>
        tell(
          `  ${label.padEnd(24)} ${figure(value).padStart(8)} ${kind === 'cpu' ? 'µs' : 'bytes'}/${unit}` +
            (isDisturbed ? `  disturbed: ${foreignCpus.toFixed(2)} CPU used by others` : ''),
        );
      const how = { ...options, targets, cores, binary, folder, maxConnections: maxConnections(), onSample };
      result.scenarios[name] = { title, kind, unit, targets: await measure(name, how) };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return result;
}

async function save(result) {
  const folder = join(HERE, 'results');
  await mkdir(folder, { recursive: true });
  const text = `${JSON.stringify(result, undefined, 1)}\n`;
  const file = join(folder, `${result.startedAt.slice(0, 10)}-${result.name}.json`);
  for (const path of [file, join(folder, 'latest.json')]) await writeFile(path, text);
  tell(`saved ${file}`);
}

try {
  const options = parseArguments(process.argv.slice(2));
  if (options.isHelp) console.log(HELP);
  else {
    const result = await run(options);
    if (options.isSaved) await save(result);
    if (options.isJson) console.log(JSON.stringify(result, undefined, 1));
    else for (const [name, scenario] of Object.entries(result.scenarios)) console.log(tableOf(name, scenario));
  }
} catch (error) {
  console.error(error instanceof BenchError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof BenchError ? 2 : 1;
}
