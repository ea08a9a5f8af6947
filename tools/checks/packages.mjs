// Checks what would be published: packs every package and uses the tarballs as a stranger does.
//
// Why it exists: tests run on sources inside the workspace, where everything resolves. A missing file, an export that
// points nowhere or an unresolved `workspace:` shows only in an empty folder, after the release.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

import { PACKAGES, ROOT, report } from './project.mjs';

const BIN = join(ROOT, 'node_modules', '.bin');
const scratch = mkdtempSync(join(tmpdir(), 'ocelot-packages-'));
const problems = [];

/** The plugins that a gateway of one's own takes one by one, by their factory. */
const PLUGINS = { auth: 'auth', 'rate-limit': 'rateLimit', resilience: 'resilience', telemetry: 'telemetry' };
/** Uses each of them, so that what they load only when it is needed is loaded. */
const PLUGIN_FILE = {
  Routes: [
    {
      UpstreamPathTemplate: '/',
      DownstreamPathTemplate: '/',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 80 }],
      AuthenticationOptions: { AuthenticationProviderKeys: ['Tokens'] },
      RateLimitOptions: { Limit: 5, Period: '1m' },
      QoSOptions: { MinimumThroughput: 3 },
    },
  ],
  GlobalConfiguration: {
    Gateway: {
      Authentication: { Providers: { Tokens: { Type: 'Jwt', Secret: 'x'.repeat(32), Audience: ['a'] } } },
      Telemetry: { Traces: true, Prometheus: true },
    },
  },
};

/** Runs a command; what it prints is shown only when it fails. */
function run(what, command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 240_000,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  if (status === 0) return stdout;
  problems.push(`${what}: failed${error ? ` (${error.message})` : ` with exit code ${status}`}\n${stdout}${stderr}`);
  return undefined;
}

function pack(name) {
  const folder = join(scratch, 'tarballs', name);
  mkdirSync(folder, { recursive: true });
  run(`pack ${name}`, join(BIN, 'pnpm'), ['pack', '--pack-destination', folder], join(ROOT, 'packages', name));
  const [tarball] = readdirSync(folder);
  return tarball === undefined ? undefined : join(folder, tarball);
}

/** Every file an `exports` or `bin` field names. */
function targets(field) {
  if (typeof field === 'string') return [field];
  return Object.values(field ?? {}).flatMap(targets);
}

function checkUnpacked(name, folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const target of [...targets(manifest.exports), ...targets(manifest.bin)])
    if (!existsSync(join(folder, target))) problems.push(`${name}: the tarball lacks ${target}, which it exports`);
  for (const text of ['workspace:', 'catalog:'])
    if (JSON.stringify(manifest).includes(text)) problems.push(`${name}: the packed package.json still says ${text}`);
  for (const wanted of ['README.md', 'LICENSE'])
    if (!existsSync(join(folder, wanted))) problems.push(`${name}: the tarball has no ${wanted}`);
}

async function lint(name, tarball) {
  const bytes = readFileSync(tarball);
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
  });
  for (const message of messages) problems.push(`publint ${name}: ${formatMessage(message, pkg, { color: false })}`);
  // CommonJS callers use require(esm), which Node 20.19 has: the esm-only profile is the true one.
  run(`are the types wrong, ${name}`, join(BIN, 'attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], ROOT);
}

/** An empty folder with only these tarballs installed, by npm, as a user does it. */
function install(title, tarballs) {
  const folder = join(scratch, title);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: title, private: true }));
  run(`install ${title}`, 'npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs], folder);
  return folder;
}

function useCoreAndLb(folder) {
  const use = `
    if (typeof core.createGateway !== 'function' || typeof core.readConfiguration !== 'function') process.exit(3);
    const host = { Host: 'localhost', Port: 80 };
    const route = { UpstreamPathTemplate: '/', DownstreamPathTemplate: '/ws', DownstreamScheme: 'ws' };
    const config = core.readConfiguration({ Routes: [{ ...route, DownstreamHostAndPorts: [host] }] });
    core.createGateway({ config, plugins: [balancing.lb()] }).then((gateway) => {
      if (gateway.routes.length !== 1) process.exit(4);
      return gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    });`;
  const esm = `import * as core from '@ocelot/core'; import * as balancing from '@ocelot/lb';`;
  const cjs = `const core = require('@ocelot/core'); const balancing = require('@ocelot/lb');`;
  writeFileSync(join(folder, 'use.mjs'), esm + use);
  writeFileSync(join(folder, 'use.cjs'), cjs + use);
  run('core and lb from ESM', process.execPath, ['use.mjs'], folder);
  run('core and lb from CommonJS', process.execPath, ['use.cjs'], folder);
  for (const stranger of ['consul', 'ws', 'commander', 'pino', '@ocelot/cli'])
    if (existsSync(join(folder, 'node_modules', stranger))) problems.push(`core and lb alone install ${stranger}`);
}

/** Each plugin in an empty folder with core, and with those of ours alone that it names as dependencies. */
function usePluginAlone(name, tarballs) {
  const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8'));
  const own = Object.keys(dependencies).flatMap((each) => (each.startsWith('@ocelot/') ? [each.slice(8)] : []));
  const installed = [name, 'core', ...own];
  const folder = install(
    `${name}-alone`,
    installed.map((each) => tarballs.get(each)),
  );
  const use = `
    import { createGateway, readConfiguration } from '@ocelot/core';
    import { ${PLUGINS[name]} as plugin } from '@ocelot/${name}';
    const file = ${JSON.stringify(PLUGIN_FILE)};
    const plugins = [plugin()];
    const config = readConfiguration(file, { supportedKeys: plugins.flatMap(({ supports }) => supports ?? []) });
    const gateway = await createGateway({ config, plugins });
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });`;
  writeFileSync(join(folder, 'use.mjs'), use);
  run(`${name} with core alone`, process.execPath, ['use.mjs'], folder);
  const strangers = readdirSync(join(folder, 'node_modules/@ocelot')).filter((each) => !installed.includes(each));
  if (strangers.length > 0) problems.push(`${name} alone comes with ${strangers.join(', ')}`);
}

function useCommandLine(folder) {
  const ocelot = join(folder, 'node_modules', '.bin', 'ocelot');
  const version = run('ocelot --version', ocelot, ['--version'], folder);
  const expected = JSON.parse(readFileSync(join(ROOT, 'packages/cli/package.json'), 'utf8')).version;
  if (version !== undefined && version.trim() !== expected)
    problems.push(`ocelot --version says ${version.trim()}, its package.json ${expected}`);
  run('ocelot init', ocelot, ['init'], folder);
  run('ocelot validate', ocelot, ['validate'], folder);
}

try {
  const tarballs = new Map();
  for (const name of PACKAGES) {
    const tarball = pack(name);
    if (tarball !== undefined) tarballs.set(name, tarball);
  }
  for (const [name, tarball] of tarballs) await lint(name, tarball);
  useCoreAndLb(install('core-and-lb', [tarballs.get('core'), tarballs.get('lb')]));
  for (const name of Object.keys(PLUGINS)) usePluginAlone(name, tarballs);
  const everything = install('everything', [...tarballs.values()]);
  for (const name of PACKAGES) checkUnpacked(name, join(everything, 'node_modules', '@ocelot', name));
  useCommandLine(everything);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
report('packages', problems, 'packed, linted, installed alone, used from ESM and CommonJS, and the command runs');
