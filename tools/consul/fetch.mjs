// Finds a real Consul for the tests, or fetches one into the cache folder of the repository; prints its path.
//
// Why it exists: what a registry does under failure (indexes that go back, empty answers, leader loss) is learnt only
// from a real one, and no npm package ships the binary. Looked for in this order:
//   1. the environment variable OCELOT_CONSUL
//   2. `consul` on PATH
//   3. .cache/consul, from an earlier run
//   4. Debian's package, downloaded with an apt root of its own: no root rights, the system's apt stays untouched
//   5. the environment variable OCELOT_CONSUL_DEB: a saved copy of that package, for when no mirror has it any more
// The whole search takes a minute at most.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { privateApt } from '../debian/private-apt.mjs';

const cache = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.cache', 'consul');
const binary = join(cache, 'consul');
const lock = join(cache, 'lock');
const failure = join(cache, 'unavailable.json');

const LIMIT_MS = 60_000;
/** Of which the mirror may take this much, so that there is time for the saved copy. */
const MIRROR_MS = 40_000;
/** How long a failure is believed before it is tried again: every test file asks, one wait per run is enough. */
const FAILURE_LASTS_MS = 300_000;

/** bullseye is the only Debian release with the package (1.8.7, MPL-2.0). */
const SUITE = 'bullseye';
/** SHA-256 of consul_1.8.7+dfsg1-2+b3 by architecture; on others apt's signed index has to do. */
const KNOWN_SHA256 = { amd64: 'e4e888bba104daba1d9161f49bfc52649a7e4efd45b1a7ead5bc54f2cb9c89d9' };

const execute = promisify(execFile);

/** @returns {Promise<{ path: string } | { reason: string }>} */
export async function findConsul() {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const named = process.env.OCELOT_CONSUL;
  if (named) {
    const isUsable = await runs(named, signal);
    return isUsable ? { path: named } : { reason: `OCELOT_CONSUL names ${named}, which cannot be run.` };
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const installed = join(folder, 'consul');
    if (await runs(installed, signal)) return { path: installed };
  }
  if (await runs(binary, signal)) return { path: binary };
  const known = await knownFailure();
  if (known) return { reason: known };
  try {
    await mkdir(cache, { recursive: true });
    await whileLocked(signal, () => install(signal));
    await rm(failure, { force: true });
    return { path: binary };
  } catch (error) {
    const cause = signal.aborted ? `not done within ${LIMIT_MS / 1000} s` : error.message.trim();
    const reason = `${cause} Put Consul on PATH, or name it by OCELOT_CONSUL.`;
    // Without the note the next test file looks again: slower, and as right.
    await writeFile(failure, JSON.stringify({ atMs: Date.now(), reason })).catch(() => undefined);
    return { reason };
  }
}

async function runs(path, signal) {
  if (!existsSync(path)) return false;
  try {
    await execute(path, ['version'], { signal });
    return true;
  } catch {
    return false;
  }
}

async function knownFailure() {
  try {
    const { atMs, reason } = JSON.parse(await readFile(failure, 'utf8'));
    return Date.now() - atMs < FAILURE_LASTS_MS ? reason : undefined;
  } catch {
    return undefined;
  }
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
    if (age > LIMIT_MS) await rm(lock, { recursive: true, force: true });
  }
  try {
    if (!(await runs(binary, signal))) await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function install(signal) {
  const folder = await mkdtemp(join(cache, 'fetch-'));
  try {
    const deb = await obtain(folder, signal);
    await execute('dpkg-deb', ['-x', deb, join(folder, 'root')], { signal });
    const unpacked = join(folder, 'consul');
    await copyFile(join(folder, 'root', 'usr', 'bin', 'consul'), unpacked);
    await chmod(unpacked, 0o755);
    if (!(await runs(unpacked, signal))) throw new Error('The fetched Consul does not run on this machine.');
    await rename(unpacked, binary);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The checked package: from the mirror, else the saved copy. */
async function obtain(folder, signal) {
  try {
    const deb = await download(folder, AbortSignal.any([signal, AbortSignal.timeout(MIRROR_MS)]));
    await verify(deb, signal);
    return deb;
  } catch (error) {
    const saved = process.env.OCELOT_CONSUL_DEB;
    if (!saved) throw error;
    await verify(saved, signal);
    return saved;
  }
}

/** From the only suite that has it. */
async function download(folder, signal) {
  // The release is archived: its index is no longer signed anew. What is installed here does not matter to it.
  const settings = ['Acquire::Check-Valid-Until=false', 'Dir::State::status=/dev/null'];
  const apt = await privateApt(folder, signal, { suites: [SUITE], settings });
  return await apt.download('consul');
}

async function verify(deb, signal) {
  const { stdout } = await execute('dpkg-deb', ['-f', deb, 'Architecture'], { signal });
  const wanted = KNOWN_SHA256[stdout.trim()];
  const found = createHash('sha256')
    .update(await readFile(deb))
    .digest('hex');
  if (wanted !== undefined && found !== wanted) {
    throw new Error(`${deb} is not the package that was expected: its SHA-256 is ${found}, not ${wanted}.`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = await findConsul();
  if ('path' in found) console.log(found.path);
  else {
    console.error(`No Consul: ${found.reason}`);
    process.exitCode = 1;
  }
}
