// Downloads packages of Debian, with what they depend on and this machine lacks, without changing the machine.
//
// Why it exists: the tests need programs that npm does not carry, on machines where nobody may or wants to install them.
// apt runs with lists and a cache of its own and only downloads; dpkg-deb unpacks into a folder. No root rights needed.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const FALLBACK_MIRROR = 'http://deb.debian.org/debian';

const execute = promisify(execFile);

/**
 * An apt with nothing in common with the system's but its mirror, its proxy settings and the list of what is installed.
 * Its lists are fetched when it is made.
 * @param {string} folder where it keeps everything
 * @param {AbortSignal} signal ends what runs
 * @param {{ suites?: readonly string[], settings?: readonly string[] }} [options] suites to take in place of the
 *   machine's own, and further settings of apt
 */
export async function privateApt(folder, signal, { suites, settings = [] } = {}) {
  for (const part of ['lists/partial', 'cache/archives/partial']) await mkdir(join(folder, part), { recursive: true });
  const { main, security } = await mirrors();
  const own = async () => {
    const suite = await debianSuite();
    return [`${main} ${suite} main`, `${security} ${suite}-security main`];
  };
  const sources = suites ? suites.map((suite) => `${main} ${suite} main`) : await own();
  const list = join(folder, 'sources.list');
  await writeFile(list, sources.map((source) => `deb [signed-by=${KEYRING}] ${source}\n`).join(''));
  const options = [
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State::lists=${join(folder, 'lists')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=15',
    'APT::Sandbox::User=',
    // The lock of the system's package database: it is only read here.
    'Debug::NoLocking=true',
    ...settings,
  ].flatMap((setting) => ['-o', setting]);
  const apt = async (...args) => {
    try {
      await execute('apt-get', [...options, '-q', '-y', ...args], { signal, cwd: folder, maxBuffer: 16_777_216 });
    } catch (error) {
      const [line] = (error.stderr || error.message).split('\n').filter((text) => /^[EW]:|ENOENT/.test(text));
      throw new Error(`Debian's packages could not be fetched (${line ?? error.message}).`, { cause: error });
    }
  };
  const download = async (name) => {
    await apt('download', name);
    const deb = (await readdir(folder)).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`Debian has no package "${name}" any more.`);
    return join(folder, deb);
  };
  await apt('update');
  return {
    /** Downloads one package without what it depends on; resolves with the path of its file. */
    download,
    /** Downloads one package without what it depends on, and puts nothing but its file `inside` into `root`. */
    async extract(name, inside, root) {
      const whole = await mkdtemp(join(folder, 'whole-'));
      await execute('dpkg-deb', ['-x', await download(name), whole], { signal });
      await mkdir(dirname(join(root, inside)), { recursive: true });
      await rename(join(whole, inside), join(root, inside));
    },
    /** Unpacks `packages`, and what they need and this machine lacks, into the folder `root`. */
    async unpack(packages, root) {
      await apt('clean');
      await apt('--no-install-recommends', '--reinstall', '--download-only', 'install', ...packages);
      const archives = join(folder, 'cache', 'archives');
      const names = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
      for (const name of names) await execute('dpkg-deb', ['-x', join(archives, name), root], { signal });
    },
  };
}

/** @throws Error on a machine that is not Debian: packages of another suite need other libraries. */
async function debianSuite() {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const id = /^ID=(.*)$/m.exec(release)?.[1];
  const suite = /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1];
  if (id !== 'debian' || suite === undefined)
    throw new Error('This machine is not Debian: nothing can be fetched for it.');
  return suite;
}

/** The Debian mirrors this machine uses: a proxied or firewalled machine may reach no other. */
async function mirrors() {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.map((name) => join(folder, name))];
  let main;
  let security;
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const line = (path) =>
      new RegExp(String.raw`^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(https?://\S+${path})/?(?:\s|$)`, 'm');
    main ??= line('/debian').exec(text)?.[1];
    security ??= line('/debian-security').exec(text)?.[1];
  }
  main ??= FALLBACK_MIRROR;
  return { main, security: security ?? `${main}-security` };
}
