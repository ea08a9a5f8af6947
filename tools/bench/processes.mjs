// Starts the proxies, each pinned to a core, and ends them whatever happens: also on Ctrl-C and on an error.
import { spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { BenchError } from './bench-error.mjs';
import { ROOT } from './cache.mjs';

const READY_MS = 20_000;
const STOP_MS = 5000;
const living = new Set();

process.on('exit', () => living.forEach((child) => killTree(child.pid)));
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
])
  process.once(signal, () => process.exit(128 + number));

/**
 * @param {{ command: readonly string[], cpu?: number | undefined, port: number, log: string,
 *           env?: Record<string, string>, cwd?: string }} how `log` gets stdout and stderr together
 * @returns {Promise<{ pid: number, pids: () => number[], stop: () => Promise<void> }>} once the port accepts
 */
export async function startProxy({ command, cpu, port, log, env = {}, cwd }) {
  const [file, ...words] = pinned(command, cpu);
  const output = openSync(log, 'a');
  const child = spawn(file, words, {
    stdio: ['ignore', output, output],
    env: { ...process.env, NODE_ENV: 'production', ...env },
    cwd,
  });
  closeSync(output);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
  }).finally(() => living.delete(child));
  living.add(child);
  let failure;
  void ended.then((text) => (failure = text));
  for (const until = Date.now() + READY_MS; !(await accepts(port)); await pause(50)) {
    if (failure === undefined && Date.now() < until) continue;
    killTree(child.pid);
    const tail = readFileSync(log, 'utf8').slice(-2000);
    throw new BenchError(`${command.join(' ').replaceAll(`${ROOT}/`, '')}: ${failure ?? 'does not listen'}.\n${tail}`);
  }
  return {
    pid: child.pid,
    pids: () => tree(child.pid),
    async stop() {
      const all = tree(child.pid);
      child.kill('SIGTERM');
      const late = setTimeout(() => all.forEach(kill), STOP_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

/** The command as it runs on one core; unchanged without one. */
export function pinned(command, cpu) {
  return cpu === undefined ? [...command] : ['taskset', '-c', String(cpu), ...command];
}

/** A port that nobody listens on, below those the kernel hands out to outgoing connections. */
export async function freePort() {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const isFree = await new Promise((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new BenchError('No free port between 20000 and 30000 in 100 tries.');
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A process and all its descendants. */
function tree(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The name of the command stands in parentheses and may hold anything.
      const after = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\)/s, '');
      parents.set(Number(name), Number(after.trim().split(' ')[1]));
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  const found = [root];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found;
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function killTree(pid) {
  if (pid !== undefined) tree(pid).forEach(kill);
}
