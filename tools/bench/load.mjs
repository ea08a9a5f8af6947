// The load generator: compiles tools/bench/load on first use and runs one sample of it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { BenchError } from './bench-error.mjs';
import { HERE, madeOnce } from './cache.mjs';
import { pinned } from './processes.mjs';

const SOURCES = readdirSync(join(HERE, 'load'))
  .map((name) => join(HERE, 'load', name))
  .toSorted();

/** @returns {Promise<string>} the path of the compiled load generator */
export async function compileLoad() {
  const folder = await madeOnce('load', SOURCES, async (scratch) => {
    const compiler = process.env.CC ?? 'cc';
    const files = SOURCES.filter((file) => file.endsWith('.c'));
    const { status, error, stderr } = spawnSync(
      compiler,
      ['-O2', '-Wall', '-Wextra', '-D_GNU_SOURCE', ...files, '-o', join(scratch, 'ocelot-load')],
      { encoding: 'utf8' },
    );
    if (error?.code === 'ENOENT')
      throw new BenchError(
        `No C compiler: "${compiler}" is not on PATH. The load generator is compiled on first use.\n` +
          'Debian, Ubuntu: apt-get install gcc libc6-dev · Fedora: dnf install gcc · Alpine: apk add gcc musl-dev · or set CC.',
      );
    if (status !== 0) throw new BenchError(`${compiler} cannot compile the load generator:\n${stderr}`);
  });
  return join(folder, 'ocelot-load');
}

/**
 * Runs the load generator once.
 *
 * @param {string} binary
 * @param {string} mode
 * @param {Record<string, string | number>} options names as in load/main.c, without the dashes
 * @param {{ cpu?: number | undefined, onHeld?: (held: number) => Promise<void> }} how `onHeld` is called once the
 *   connections are open; in idle mode they stay so until its promise settles
 * @returns {Promise<Record<string, any>>} its JSON
 */
export async function runLoad(binary, mode, options, { cpu, onHeld } = {}) {
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const [file, ...rest] = pinned([binary, mode, ...words], cpu);
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  let out = '';
  let err = '';
  let holding = Promise.resolve();
  let isHolding = false;
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  child.stdin.on('error', () => undefined); // it ended by itself: its exit code tells why
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
    const held = isHolding ? null : /^\{"held":(\d+)\}\n/.exec(out);
    if (held === null) return;
    isHolding = true;
    holding = Promise.resolve(onHeld?.(Number(held[1]))).finally(() => child.stdin.end());
    holding.catch(() => undefined); // rethrown below
  });
  const [code, signal] = await once(child, 'close');
  process.off('exit', killed);
  await holding;
  if (code !== 0) throw new BenchError(`The load generator ended with ${signal ?? code}. ${err.trim()}`);
  return JSON.parse(out.trim().split('\n').at(-1));
}
