// `--strace`: how many system calls a proxy makes per unit of work.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { BenchError } from './bench-error.mjs';
import { runLoad } from './load.mjs';
import { start } from './measure.mjs';

/** From the first traced call on: strace slows the proxy down, and attaching takes a moment. */
const WARM_MS = 1500;
const MEASURE_MS = 1000;

/**
 * @param {string} name of the scenario
 * @param {import('./scenarios.mjs').Scenario} scenario
 * @param {string} label
 * @param {import('./targets.mjs').Target} target
 * @param {import('./measure.mjs').How} how
 * @returns {Promise<string>} text for the terminal
 */
export async function traceCalls(name, scenario, label, target, how) {
  const place = await start({ label, target, routes: 1 }, how);
  const log = join(place.folder, 'strace.log');
  let printed;
  let tracer;
  try {
    const onHeld = async () => {
      tracer = trace(place.pids, log);
    };
    const { port, backendPort } = place;
    const options = { ...scenario.load, target: port, backend: backendPort, warm: WARM_MS, measure: MEASURE_MS };
    printed = await runLoad(how.binary, scenario.mode, options, { cpu: how.cores.load, onHeld });
  } finally {
    await tracer?.stop();
    await place.stop();
  }
  const lines = createInterface({ input: createReadStream(log, 'latin1') });
  const counts = await countCalls(lines, printed.beganMs / 1000, printed.endedMs / 1000);
  const units = printed.units * scenario.unitsPerCount;
  const rows = [...counts].toSorted((a, b) => b[1] - a[1]).filter(([, count]) => count / units >= 0.001);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [
    `\n${label}, ${name}: ${(total / units).toFixed(2)} system calls per ${scenario.unit} (strace enlarges batches)`,
    ...rows.map(([call, count]) => `  ${(count / units).toFixed(3).padStart(8)}  ${call}`),
  ].join('\n');
}

function trace(pids, log) {
  const words = ['-f', '-ttt', '-s', '0', '-o', log, ...pids.flatMap((pid) => ['-p', String(pid)])];
  const child = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  let failure;
  child.stderr.setEncoding('utf8').on('data', (part) => (text += part));
  child.once('error', (error) => (failure = error));
  const ended = once(child, 'close').catch(() => undefined); // the error is told by stop()
  return {
    async stop() {
      child.kill('SIGINT');
      await ended;
      if (failure?.code === 'ENOENT') throw new BenchError('strace is not on PATH (Debian: apt-get install strace).');
      if (/ptrace|not permitted/i.test(text)) throw new BenchError(`strace may not look at the proxy: ${text.trim()}`);
    },
  };
}

/**
 * Counts the calls that began within a time; `strace -f -ttt` writes `PID SECONDS name(…`.
 *
 * @param {AsyncIterable<string> | Iterable<string>} lines
 * @param {number} from seconds since 1970
 * @param {number} to
 * @returns {Promise<Map<string, number>>} by name of the call
 */
export async function countCalls(lines, from, to) {
  const counts = new Map();
  for await (const line of lines) {
    const [, seconds, call] = /^(?:\d+ +)?(\d+\.\d+) (\w+)\(/.exec(line) ?? [];
    if (call === undefined || Number(seconds) < from || Number(seconds) > to) continue;
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return counts;
}
