// What the figures depend on: the machine, its limits, and which cores are used.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

import { BenchError } from './bench-error.mjs';
import { ROOT } from './cache.mjs';

/** Two cores of those this process may use: one for the proxy, one for everything else. */
export function chooseCores() {
  if (process.platform !== 'linux') throw new BenchError('The benchmark needs Linux: it reads /proc and uses epoll.');
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const cores = coresIn(list);
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' });
  } catch {
    throw new BenchError('taskset is missing; it pins proxy and load to cores (Debian: apt-get install util-linux).');
  }
  if (cores.length < 2) throw new BenchError('The benchmark needs two cores: one for the proxy, one for the load.');
  return { proxy: cores[0], load: cores[1] };
}

/** @param {string} list as the kernel writes it: 0-3,8 */
export function coresIn(list) {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Moves this process, all its threads, to a core; what it starts inherits that unless pinned elsewhere. */
export function moveTo(core) {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' });
}

/** How many proxied connections the limit on descriptors allows: each takes two, in the proxy and in the generator. */
export function maxConnections() {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '1024';
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Math.floor((Number(soft) - 300) / 2);
}

export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    distribution: /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    node: process.versions.node,
  };
}

/** The commit of a checkout, with a plus sign when files of packages differ from it. */
export function commit(root = ROOT) {
  try {
    const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'packages') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}
