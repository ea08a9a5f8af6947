// Results files: one line per sample, so that two runs can be compared with a plain diff.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { HERE } from './cache.mjs';

export const RESULTS = join(HERE, 'results');
export const FORMAT = 1;

/** Writes `results/latest.json` and, when the run has a name, `results/DATE-NAME.json`; returns the paths. */
export async function save(result) {
  await mkdir(RESULTS, { recursive: true });
  const kept = result.name === undefined ? [] : [`${result.startedAt.slice(0, 10)}-${result.name}.json`];
  const paths = ['latest.json', ...kept].map((name) => join(RESULTS, name));
  for (const path of paths) await writeFile(path, textOf(result));
  return paths;
}

/** JSON with a line for each sample; figures keep five digits. */
export function textOf(result) {
  const samples = [];
  const marked = JSON.stringify(
    result,
    (_key, value) => {
      if (typeof value !== 'object' || value === null || !('round' in value)) return value;
      samples.push(JSON.stringify(value, (_, part) => (typeof part === 'number' ? shortened(part) : part)));
      return `sample ${samples.length - 1}`;
    },
    1,
  );
  return `${marked.replaceAll(/"sample (\d+)"/g, (_, index) => samples[index])}\n`;
}

function shortened(number) {
  return Number.isInteger(number) ? number : Number(number.toPrecision(5));
}
