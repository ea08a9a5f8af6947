// The peers from npm: installed into the cache on first use, from the lockfile in tools/bench/peers.
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { BenchError } from '../bench-error.mjs';
import { HERE, madeOnce } from '../cache.mjs';
import { startProxy } from '../processes.mjs';

const SOURCES = join(HERE, 'peers');

function install() {
  const inputs = readdirSync(SOURCES).toSorted();
  return madeOnce(
    'peers',
    inputs.map((name) => join(SOURCES, name)),
    async (folder) => {
      cpSync(SOURCES, folder, { recursive: true });
      const { status, error, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
        cwd: folder,
        encoding: 'utf8',
        shell: process.platform === 'win32',
      });
      if (status !== 0) throw new BenchError(`npm ci for the peers failed: ${error?.message ?? stderr}`);
    },
  );
}

/**
 * @param {string} script name of the file in tools/bench/peers, without .mjs
 * @param {string} dependency package whose version is told
 */
export const nodePeer = (script, dependency) => ({
  async prepare() {
    const manifest = join(await install(), 'node_modules', dependency, 'package.json');
    return JSON.parse(readFileSync(manifest, 'utf8')).version;
  },
  async start({ port, backendPort, cpu, log, nodeOptions = [] }) {
    const file = join(await install(), `${script}.mjs`);
    const command = [process.execPath, ...nodeOptions, file, String(port), String(backendPort)];
    return startProxy({ command, cpu, port, log });
  },
});
