// `npm run bench:report -- [FILE]`: writes the page and the chart from a results file, by default the latest.
//
// Why it exists: figures copied by hand into a page are soon those of no run at all.
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { BenchError } from './bench-error.mjs';
import { ROOT } from './cache.mjs';
import { chartOf } from './chart.mjs';
import { withResults } from './page.mjs';
import { FORMAT, RESULTS } from './results.mjs';

const PAGE = join(ROOT, 'docs', 'architecture', 'benchmarks.md');
const CHART = join(ROOT, 'docs', 'architecture', 'benchmarks.svg');

async function load(file) {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new BenchError(`${file} cannot be read (${error.code}). "npm run bench" writes one.`, { cause: error });
  });
  const result = JSON.parse(text);
  if (result.format !== FORMAT) throw new BenchError(`${file} is not a results file of this version.`);
  return result;
}

try {
  const [file, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || file?.startsWith('-')) throw new BenchError('Usage: npm run bench:report -- [FILE]');
  const result = await load(file === undefined ? join(RESULTS, 'latest.json') : resolve(file));
  await writeFile(PAGE, withResults(await readFile(PAGE, 'utf8'), result));
  await writeFile(CHART, chartOf(result));
  console.log(`wrote ${PAGE}\nwrote ${CHART}`);
} catch (error) {
  console.error(error instanceof BenchError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof BenchError ? 2 : 1;
}
