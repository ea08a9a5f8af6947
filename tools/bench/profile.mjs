// `--profile`: where our time goes. Runs ours under V8's sampling profiler and lists functions by their own time.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { CACHE } from './cache.mjs';
import { start } from './measure.mjs';
import { cpuSample } from './sample.mjs';

const INTERVAL_US = 200;

/**
 * @param {string} name of the scenario
 * @param {import('./scenarios.mjs').Scenario} scenario
 * @param {string} label
 * @param {import('./targets.mjs').Target} target one of ours
 * @param {import('./measure.mjs').How} how
 * @returns {Promise<string>} text for the terminal
 */
export async function profile(name, scenario, label, target, how) {
  const folder = join(CACHE, 'profiles', `${name}-${label.replaceAll(/\W+/g, '-')}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`];
  const place = await start({ label, target, routes: 1 }, { ...how, nodeOptions });
  let sample;
  try {
    sample = await cpuSample(scenario, { ...how, ...place, cpu: how.cores.load });
  } finally {
    await place.stop();
  }
  const [file] = (await readdir(folder)).filter((entry) => entry.endsWith('.cpuprofile'));
  if (file === undefined) return `${label}, ${name}: no profile was written; ${folder} is empty.`;
  const path = join(folder, file);
  const rows = selfTimes(JSON.parse(await readFile(path, 'utf8'))).slice(0, 25);
  return [
    `\n${label}, ${name}: ${sample.value.toFixed(2)} µs/${scenario.unit} under the profiler; own time of functions`,
    ...rows.map(({ share, where }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${where}`),
    `  whole profile: ${path} (opens in Chrome's DevTools)`,
  ].join('\n');
}

/**
 * Own time by function, the most expensive first; idle time is left out of the whole.
 *
 * @param {{ nodes: readonly any[], samples: readonly number[], timeDeltas: readonly number[] }} profile
 * @returns {{ where: string, share: number }[]}
 */
export function selfTimes({ nodes, samples, timeDeltas }) {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map();
  let total = 0;
  samples.forEach((id, index) => {
    const where = places.get(id);
    if (where === '(idle)') return;
    const us = timeDeltas[index] ?? 0;
    total += us;
    times.set(where, (times.get(where) ?? 0) + us);
  });
  return [...times].map(([where, us]) => ({ where, share: us / total })).toSorted((a, b) => b.share - a.share);
}

function placeOf({ functionName, url, lineNumber }) {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name}  ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`;
}
