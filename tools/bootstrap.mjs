// Installs the dependencies with the pinned pnpm, on a machine that has only Node and npm.
//
// Why it exists: the README's two commands must work in a fresh clone. npm cannot install a pnpm workspace, corepack
// is not shipped with every Node, so `npm start` and `npm test` come here first. Does nothing when nothing changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'node_modules', '.cache', 'bootstrap');

/** The files that decide what is installed. */
function manifests() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];
  for (const group of ['packages', 'tools', join('tools', 'e2e'), join('docs', 'examples')]) {
    if (!existsSync(join(root, group))) continue;
    for (const name of readdirSync(join(root, group)).toSorted()) files.push(join(group, name, 'package.json'));
  }
  return files.map((file) => join(root, file)).filter((file) => existsSync(file));
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of manifests()) hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: this project needs Node 20.19 or later.`);
  process.exit(1);
}

const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  const pin = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.replace('pnpm@', '');
  const local = join(root, 'node_modules', 'pnpm', 'package.json');
  const installed = existsSync(local) ? JSON.parse(readFileSync(local, 'utf8')).version : undefined;
  const command =
    installed === pin
      ? [join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'pnpm.cmd' : 'pnpm')]
      : ['npx', '-y', `pnpm@${pin}`];
  console.log(`installing dependencies with pnpm ${pin}`);
  const { status, error } = spawnSync(command[0], [...command.slice(1), 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error(`pnpm install failed${error ? `: ${error.message}` : ` with exit code ${status}`}.`);
    console.error('If the lockfile is out of date, run: npx pnpm@' + pin + ' install');
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint());
}
