// Where things are in this repository, for the checks and generators beside this file.
//
// Why it exists: each check walks the same tree and leaves out the same folders; a folder forgotten in one of them
// would be a rule that silently does not hold there.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The published packages, in the order of their arrows: nothing depends on what comes later. */
export const PACKAGES = [
  'core',
  'lb',
  'discovery-consul',
  'relay-kit',
  'ws-relay',
  'http-relay',
  'auth',
  'rate-limit',
  'resilience',
  'telemetry',
  'cli',
];

const NEVER = new Set(['node_modules', 'dist', '.git', '.cache', '.turbo', 'coverage']);

/** Every file under `folder` (relative to the repository) whose path ends as `wanted` says; paths use `/`. */
export function files(folder, wanted) {
  const start = join(ROOT, folder);
  if (!existsSync(start)) return [];
  /** @type {string[]} */
  const found = [];
  for (const entry of readdirSync(start, { withFileTypes: true })) {
    if (NEVER.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...files(path, wanted));
    else if (wanted.test(entry.name)) found.push(path.split(sep).join('/'));
  }
  return found.toSorted();
}

/** Text of a file named relative to the repository. */
export function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Prints what a check found and ends the process with 1 when there is anything, else says what holds. */
export function report(title, problems, holds) {
  if (problems.length === 0) {
    console.log(`${title}: ${holds}`);
    return;
  }
  for (const problem of problems) console.error(`  ${problem}`);
  console.error(`${title}: ${problems.length} problem${problems.length === 1 ? '' : 's'}`);
  process.exitCode = 1;
}
