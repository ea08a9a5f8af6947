// One sample: the generator runs against one proxy that is up already; what comes out is cost per unit of work.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { BenchError } from './bench-error.mjs';
import { runLoad } from './load.mjs';

/** Foreign CPU, in cores, above which a sample counts as disturbed. */
export const FOREIGN_LIMIT = 0.4;
/** Samples that are taken while others use the machine are taken again, this often in all. */
export const MAX_TRIES = 4;
/** Ten thousand sockets take a while on a busy machine. */
const MEMORY_LIMIT_MS = 180_000;
/** How long a proxy rests before its memory is read. */
const SETTLE_MS = 1500;
/** Connections that come and go before the first reading, so that code compiled on first use is not counted. */
const MEMORY_WARM_UP = 200;

/**
 * Takes a sample, again while the rest of the machine is busy.
 *
 * @param {() => Promise<any>} take
 * @param {number} maxTries
 * @returns {Promise<any>} the quietest one, with `tries` and `isDisturbed`
 */
export async function quietest(take, maxTries = MAX_TRIES) {
  let best;
  let tries = 0;
  while (tries < maxTries) {
    const sample = await take();
    tries += 1;
    if (best === undefined || sample.foreignCpus < best.foreignCpus) best = sample;
    if (best.foreignCpus <= FOREIGN_LIMIT) break;
  }
  return { ...best, tries, isDisturbed: best.foreignCpus > FOREIGN_LIMIT };
}

/**
 * CPU of the proxy per unit of work.
 *
 * @param {import('./scenarios.mjs').Scenario} scenario
 * @param {{ binary: string, port: number, backendPort: number, pids: readonly number[], cpu?: number | undefined,
 *           warmMs: number, measureMs: number }} how
 */
export async function cpuSample(scenario, { binary, port, backendPort, pids, cpu, warmMs, measureMs }) {
  const options = { ...scenario.load, target: port, backend: backendPort, warm: warmMs, measure: measureMs };
  if (pids.length > 0) options.watch = pids.join(',');
  return fromLoad(scenario, await runLoad(binary, scenario.mode, options, { cpu }));
}

/**
 * Turns what the load generator prints into a sample.
 *
 * @throws {BenchError} when no unit of work was done
 */
export function fromLoad(scenario, printed) {
  const units = printed.units * scenario.unitsPerCount;
  if (units === 0) throw new BenchError(`Nothing came through: ${JSON.stringify(printed.failed)}.`);
  const { p50, p99, p999 } = printed.latencyNs;
  const foreignNs = printed.busyNs + printed.stealNs - printed.watchedCpuNs - printed.ownCpuNs;
  return {
    value: printed.watchedCpuNs / 1000 / units,
    generatorUs: printed.ownCpuNs / 1000 / units,
    proxyCpus: printed.watchedCpuNs / printed.wallNs,
    perSecond: (units * 1e9) / printed.wallNs,
    p50Ms: p50 / 1e6,
    p99Ms: p99 / 1e6,
    p999Ms: p999 / 1e6,
    foreignCpus: Math.max(0, foreignNs / printed.wallNs),
    failed: sum(printed.failed),
  };
}

/**
 * Resident memory per open connection of a proxy that was just started.
 *
 * @param {import('./scenarios.mjs').Scenario} scenario
 * @param {{ binary: string, port: number, backendPort: number, pids: readonly number[], cpu?: number | undefined,
 *           maxConnections: number }} how
 */
export async function memorySample(scenario, { binary, port, backendPort, pids, cpu, maxConnections }) {
  const common = { ...scenario.load, target: port, backend: backendPort, limit: MEMORY_LIMIT_MS };
  const warm = await runLoad(binary, 'idle', { ...common, connections: MEMORY_WARM_UP }, { cpu });
  await pause(SETTLE_MS);
  const before = residentBytes(pids);
  let after = 0;
  const connections = Math.min(scenario.load.connections, maxConnections);
  const onHeld = async () => {
    await pause(SETTLE_MS);
    after = residentBytes(pids);
  };
  const printed = await runLoad(binary, 'idle', { ...common, connections }, { cpu, onHeld });
  await pause(SETTLE_MS);
  return {
    value: (after - before) / printed.held,
    connections: printed.held,
    residentBefore: before,
    residentAfter: after,
    residentClosed: residentBytes(pids),
    foreignCpus: 0,
    failed: sum(warm.failed) + sum(printed.failed),
  };
}

function sum(counters) {
  return Object.values(counters).reduce((total, count) => total + count, 0);
}

/** Resident memory of all processes together; for nginx that is master and worker. */
function residentBytes(pids) {
  try {
    const of = (pid) => /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return pids.reduce((total, pid) => total + Number(of(pid)) * 1024, 0);
  } catch (error) {
    throw new BenchError(`The proxy ended while its memory was read (${error.code}).`, { cause: error });
  }
}
