// Runs one scenario: starts the proxies, takes samples of them in turns, ends them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { BenchError } from './bench-error.mjs';
import { freePort } from './processes.mjs';
import { cpuSample, memorySample, quietest } from './sample.mjs';
import { SCENARIOS } from './scenarios.mjs';

/**
 * @typedef {object} How
 * @property {Record<string, import('./targets.mjs').Target>} targets
 * @property {number} rounds
 * @property {number} memoryRounds
 * @property {number} maxTries
 * @property {number} primeMs CPU that a proxy has used before its first sample counts
 * @property {number} primeTries
 * @property {number} warmMs
 * @property {number} measureMs
 * @property {{ proxy: number, load: number }} cores
 * @property {string} binary the load generator
 * @property {string} folder for logs and configurations
 * @property {number} maxConnections
 * @property {(target: string, sample: any) => void} onSample
 * @property {(target: string, message: string) => void} onProblem a target that cannot be measured; the others go on
 */

/**
 * @param {string} name of the scenario
 * @param {How} how
 * @returns {Promise<Record<string, any[]>>} samples by target, each with its round
 */
export async function measure(name, how) {
  const scenario = SCENARIOS[name];
  const entrants = entrantsOf(scenario, how.targets);
  const samples = {};
  const keep = (label, round, sample) => {
    (samples[label] ??= []).push({ round, ...sample });
    how.onSample(label, sample);
  };
  if (scenario.kind === 'memory') {
    for (let round = 0; round < how.memoryRounds; round += 1)
      for (const { label, ...entrant } of entrants)
        await unlessBroken(label, how, async () =>
          keep(label, round, await memoryOf(scenario, { label, ...entrant }, how)),
        );
    return samples;
  }
  const running = [];
  try {
    for (const entrant of entrants)
      await unlessBroken(entrant.label, how, async () => running.push(await primed(scenario, entrant, how)));
    for (let round = 0; round < how.rounds; round += 1)
      // Each round begins with another target, so that none is always first.
      for (let step = 0; step < running.length; step += 1) {
        const { label, ...place } = running[(step + round) % running.length];
        const take = () => cpuSample(scenario, { ...how, ...place, cpu: how.cores.load });
        await unlessBroken(label, how, async () => keep(label, round, await quietest(take, how.maxTries)));
      }
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
  return samples;
}

/** One target that does not start, or breaks off, must not cost the hour that the others were measured in. */
async function unlessBroken(label, { onProblem }, work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    onProblem(label, error.message);
  }
}

/** A proxy that has worked for a moment: what it compiles and allocates in its first second is not what it costs. */
async function primed(scenario, entrant, how) {
  const place = await start(entrant, how);
  try {
    let usedMs = 0;
    const primeMs = how.primeMs * (scenario.primeFactor ?? 1);
    // By its own clock, as a busy machine may leave it little of a second.
    for (let tries = 0; tries < how.primeTries && usedMs < 0.8 * primeMs; tries += 1) {
      const prime = { ...how, ...place, cpu: how.cores.load, warmMs: 0, measureMs: primeMs };
      const { proxyCpus } = await cpuSample(scenario, prime);
      usedMs += place.pids.length === 0 ? primeMs : proxyCpus * primeMs;
    }
    entrant.target.verify?.(place);
    return place;
  } catch (error) {
    await place.stop();
    throw error;
  }
}

/** What takes part: each target, or for the route table ours once for each size. */
function entrantsOf(scenario, targets) {
  const all = Object.entries(targets).map(([label, target]) => ({ label, target, routes: 1 }));
  if (scenario.routes !== undefined)
    return all
      .filter(({ target }) => target.isOurs)
      .flatMap(({ label, target }) =>
        scenario.routes.map((routes) => ({ label: `${label} ${routes} routes`, target, routes })),
      );
  return scenario.kind === 'memory' ? all.filter(({ target }) => target.start !== undefined) : all;
}

/** Starts one proxy in a folder of its own; for `direct` there is none, and clients speak with the backend. */
export async function start({ label, target, routes }, { cores, folder, nodeOptions }) {
  const backendPort = await freePort();
  if (target.start === undefined)
    return { label, port: backendPort, backendPort, pids: [], folder: undefined, stop: async () => undefined };
  const port = await freePort();
  const own = join(folder, label.replaceAll(/\W+/g, '-'));
  await mkdir(own, { recursive: true });
  const log = join(own, 'log');
  const proxy = await target.start({ port, backendPort, folder: own, cpu: cores.proxy, log, routes, nodeOptions });
  return { label, port, backendPort, pids: proxy.pids(), folder: own, stop: proxy.stop };
}

async function memoryOf(scenario, entrant, how) {
  const place = await start(entrant, how);
  try {
    const sample = await memorySample(scenario, { ...how, ...place, cpu: how.cores.load });
    entrant.target.verify?.(place);
    return sample;
  } finally {
    await place.stop();
  }
}
