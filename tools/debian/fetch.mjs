// Finds the programs of programs.mjs, or fetches them into the cache folder of the repository.
//
// Why it exists: the tests with real clients run on machines that have only Node. Each program is looked for in this
// order:
//   1. its environment variable (OCELOT_NATS_SERVER, OCELOT_CHROMIUM, … : `variable` in programs.mjs)
//   2. PATH, and the folders of system programs that PATH often leaves out
//   3. .cache/debian, from an earlier run
//   4. Debian's packages, unpacked into .cache/debian: no root rights, the system stays untouched
//
//   node tools/debian/fetch.mjs                     all of them
//   node tools/debian/fetch.mjs chromium python     these
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { privateApt } from './private-apt.mjs';
import { PROGRAMS } from './programs.mjs';

const cache = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.cache', 'debian');
const lock = join(cache, 'lock');

/** A lock older than this belongs to a process that was killed. */
const LOCK_LASTS_MS = 180_000;
/** How long a failure is believed before it is tried again: every test file asks, one wait per run is enough. */
const FAILURE_LASTS_MS = 300_000;
/** Where Debian puts programs that only root has on PATH. */
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin'];

const execute = promisify(execFile);

/** @returns {Promise<import('./fetch.mjs').Found>} */
export async function findProgram(name) {
  const program = PROGRAMS[name];
  const signal = AbortSignal.timeout(program.limitMs);
  const named = process.env[program.variable];
  if (named) {
    const found = await probe(program, named, {}, signal);
    return found ?? { reason: `${program.variable} names ${named}, which cannot be run or lacks something.` };
  }
  const ready = (await installed(program, signal)) ?? (await cached(name, signal));
  if (ready) return ready;
  const known = await knownFailure(name);
  if (known) return { reason: known };
  try {
    await mkdir(cache, { recursive: true });
    return await whileLocked(signal, async () => (await cached(name, signal)) ?? (await install(name, signal)));
  } catch (error) {
    const cause = signal.aborted ? `Not done within ${program.limitMs / 1000} s.` : error.message.trim();
    const packages = program.packages.join(' ');
    const reason = `${cause} Install it (Debian: apt-get install ${packages}), or name it by ${program.variable}.`;
    // Without the note the next test file looks again: slower, and as right.
    await writeFile(failureFile(name), JSON.stringify({ atMs: Date.now(), reason })).catch(() => undefined);
    return { reason };
  }
}

/** What a program is when it runs here: how to start it and what versions it tells; undefined when it does not. */
async function probe(program, path, environment, signal) {
  if (!existsSync(path)) return undefined;
  const options = { signal, timeout: 20_000, env: { ...process.env, ...environment } };
  const told = await execute(path, program.probe, options).then(
    ({ stdout }) => stdout,
    (error) => (program.exitCodes.includes(error.code) ? error.stdout : undefined),
  );
  const version = told === undefined ? undefined : told.split('\n').find((line) => /\d+\.\d+/.test(line));
  return version === undefined ? undefined : { path, environment, version: version.trim() };
}

/** Every place of the command on this machine, in the order of PATH. */
function placesOf(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return [...new Set(folders.filter((folder) => folder !== ''))].map((folder) => join(folder, command));
}

async function installed(program, signal) {
  for (const path of [program.command, ...(program.alsoCalled ?? [])].flatMap(placesOf)) {
    const found = await probe(program, path, {}, signal);
    if (found) return found;
  }
  return undefined;
}

async function cached(name, signal) {
  return existsSync(join(cache, name)) ? await inRoot(PROGRAMS[name], join(cache, name), signal) : undefined;
}

/** The program in an unpacked tree; its modules for the Python of the machine when the tree has no Python. */
async function inRoot(program, root, signal) {
  const triplets = (await readdir(join(root, 'usr', 'lib')).catch(() => [])).filter((name) =>
    name.endsWith('-linux-gnu'),
  );
  const libraries = triplets.flatMap((triplet) => [
    join(root, 'usr', 'lib', triplet),
    join(root, 'lib', triplet),
    // Its libraries find each other by an absolute path, which is not here.
    join(root, 'usr', 'lib', triplet, 'pulseaudio'),
  ]);
  const environment = libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') };
  const modules = join(root, 'usr', 'lib', 'python3', 'dist-packages');
  const path = join(root, program.inside);
  if (!existsSync(modules)) return await probe(program, path, environment, signal);
  const python = { PYTHONPATH: modules };
  const own = await probe(program, path, { ...environment, ...python, PYTHONHOME: join(root, 'usr') }, signal);
  if (own) return own;
  // The system's own first: what version managers put on PATH are shims, ten times as slow to start.
  const system = SYSTEM_FOLDERS.map((folder) => join(folder, program.command));
  for (const place of [...system, ...placesOf(program.command)]) {
    const found = await probe(program, place, python, signal);
    if (found) return found;
  }
  return undefined;
}

/** Test files run side by side: one of them fetches, the others wait for it. */
async function whileLocked(signal, work) {
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > LOCK_LASTS_MS) await rm(lock, { recursive: true, force: true });
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function install(name, signal) {
  const folder = await mkdtemp(join(cache, 'fetch-'));
  try {
    const root = join(folder, 'root');
    await mkdir(root);
    const apt = await privateApt(folder, signal);
    const { packages, isAlone, inside } = PROGRAMS[name];
    if (isAlone) await apt.extract(packages[0], inside, root);
    else await apt.unpack(packages, root);
    const works = await inRoot(PROGRAMS[name], root, signal);
    if (!works) throw new Error(`Debian's ${packages.join(', ')} was fetched and does not run here.`);
    // What is there did not run: an interrupted run's, or a machine's that was upgraded.
    await rm(join(cache, name), { recursive: true, force: true });
    await rename(root, join(cache, name));
    await rm(failureFile(name), { force: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return await inRoot(PROGRAMS[name], join(cache, name), signal);
}

function failureFile(name) {
  return join(cache, `unavailable-${name}.json`);
}

async function knownFailure(name) {
  try {
    const { atMs, reason } = JSON.parse(await readFile(failureFile(name), 'utf8'));
    return Date.now() - atMs < FAILURE_LASTS_MS ? reason : undefined;
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PROGRAMS);
  for (const name of wanted) {
    if (!Object.hasOwn(PROGRAMS, name)) {
      console.error(`There is no "${name}" here. Known: ${Object.keys(PROGRAMS).join(', ')}.`);
      process.exitCode = 1;
      continue;
    }
    const found = await findProgram(name);
    if ('path' in found) console.log(`${name}: ${found.path} (${found.version})`);
    else {
      console.error(`No ${name}: ${found.reason}`);
      process.exitCode = 1;
    }
  }
}
