// nginx and HAProxy: those on PATH, else Debian's packages unpacked into the cache. The system stays as it is.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { BenchError } from '../bench-error.mjs';
import { madeOnce } from '../cache.mjs';

const execute = promisify(execFile);

/** What the two need beyond a minimal Debian. */
const PACKAGES = {
  nginx: ['nginx', 'libpcre2-8-0'],
  haproxy: ['haproxy', 'libpcre2-8-0', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
};

/**
 * @param {'nginx' | 'haproxy'} name
 * @returns {Promise<{ path: string, env: Record<string, string>, version: string }>}
 */
export async function findServer(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const installed = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (installed !== undefined) return { path: installed, env: {}, version: await versionOf(installed, {}) };
  const root = await madeOnce(name, [], (scratch) => unpack(name, scratch));
  const libraries = join(root, 'usr', 'lib');
  const triplets = existsSync(libraries) ? readdirSync(libraries).map((entry) => join(libraries, entry)) : [];
  const env = { LD_LIBRARY_PATH: triplets.join(delimiter) };
  const path = join(root, 'usr', 'sbin', name);
  return { path, env, version: await versionOf(path, env) };
}

async function unpack(name, folder) {
  try {
    await execute('apt-get', ['-q', '-o', 'APT::Sandbox::User=', 'download', ...PACKAGES[name]], { cwd: folder });
    const files = readdirSync(folder).filter((file) => file.endsWith('.deb'));
    for (const file of files) await execute('dpkg-deb', ['-x', file, folder], { cwd: folder });
  } catch (error) {
    const line = (error.stderr ?? error.message).split('\n').find((text) => /^[EW]:|ENOENT/.test(text));
    throw new BenchError(
      `${name} is not on PATH, and Debian's package could not be fetched (${line ?? error.message}).\n` +
        `Install ${name}, or run "apt-get update" once, or leave it out with --target.`,
      { cause: error },
    );
  }
}

async function versionOf(path, env) {
  const { stdout, stderr } = await execute(path, ['-v'], { env: { ...process.env, ...env } });
  return /\d+\.\d+\.\d+\S*/.exec(stdout + stderr)?.[0].replace(/^nginx\//, '') ?? 'unknown';
}
