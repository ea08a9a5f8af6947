// Where the benchmark keeps what it compiles, fetches and writes: .cache/bench of the repository, nothing elsewhere.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, '..', '..');
export const CACHE = join(ROOT, '.cache', 'bench');

/**
 * A folder of the cache that is made once for given inputs: two runs at the same time make it twice and the first one
 * stays, a broken run leaves nothing half made.
 *
 * @param {string} name first part of the folder's name; the rest is a hash of the inputs
 * @param {readonly string[]} inputs files whose change makes it anew
 * @param {(folder: string) => Promise<void>} make fills a new folder
 * @returns {Promise<string>}
 */
export async function madeOnce(name, inputs, make) {
  const hash = createHash('sha256');
  for (const file of inputs) hash.update(await readFile(file));
  const folder = join(CACHE, `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, `${name}-making-`));
  try {
    await make(scratch);
    await rename(scratch, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return folder;
}
