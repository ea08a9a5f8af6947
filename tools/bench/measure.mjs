// Runs one scenario: starts the proxies, takes samples of them in turns, ends them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from './processes.mjs';
import { cpuSample, memorySample, quietest } from './sample.mjs';
import { SCENARIOS } from './scenarios.mjs';

/**
 * @param {string} name of the scenario
 * @param {{ targets: Record<string, import('./targets.mjs').Target>, rounds: number, memoryRounds: number,
 *           maxTries: number, primeMs: number, warmMs: number, measureMs: number, cores: { proxy: number, load: number }, binary: string, folder: string, maxConnections: number,
 *           onSample: (target: string, sample: any) => void }} how
 * @returns {Promise<Record<string, any[]>>} samples by target, each with its round
 */
export async function measure(name, how) {
  const scenario = SCENARIOS[name];
  const entrants = entrantsOf(scenario, how.targets);
  const samples = Object.fromEntries(entrants.map(({ label }) => [label, []]));
  const keep = (label, round, sample) => {
    samples[label].push({ round, ...sample });
    how.onSample(label, sample);
  };
  if (scenario.kind === 'memory') {
    for (let round = 0; round < how.memoryRounds; round += 1)
      for (const entrant of entrants) keep(entrant.label, round, await memoryOf(scenario, entrant, how));
    return samples;
  }
  const running = [];
  try {
    for (const entrant of entrants) {
      const place = await start(entrant, how);
      running.push(place);
      // Thrown away: what a proxy compiles and allocates in its first second is not what it costs in its second hour.
      await cpuSample(scenario, { ...how, ...place, cpu: how.cores.load, warmMs: 0, measureMs: how.primeMs });
    }
    for (let round = 0; round < how.rounds; round += 1)
      // Each round begins with another target, so that none is always first.
      for (let step = 0; step < running.length; step += 1) {
        const { label, ...place } = running[(step + round) % running.length];
        const take = () => cpuSample(scenario, { ...how, ...place, cpu: how.cores.load });
        keep(label, round, await quietest(take, how.maxTries));
      }
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
  return samples;
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
    return await memorySample(scenario, { ...how, ...place, cpu: how.cores.load });
  } finally {
    await place.stop();
  }
}
