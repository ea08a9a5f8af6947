// Makes docs/reference/tested-clients.md from the tables beside the tests with real clients, and checks these tables.
//
// Why it exists: "works with Socket.IO" is believed when it names a version and a test that runs. The versions are those
// that are installed, and a test file that no row names is a client that the page forgot.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { transformWithOxc } from 'vite';

import { ROOT, files, read } from './project.mjs';

const FOLDER = 'tools/e2e/clients';

/** The tables are TypeScript, which the oldest supported Node does not read. */
async function table(name) {
  const path = `${FOLDER}/src/${name}.ts`;
  const { code } = await transformWithOxc(read(path), join(ROOT, path));
  return await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
}

const { JAVASCRIPT_STACKS } = await table('stacks');
const { OTHER_STACKS } = await table('other-stacks');
const stacks = [...JAVASCRIPT_STACKS, ...OTHER_STACKS];
const { devDependencies } = JSON.parse(read(`${FOLDER}/package.json`));

/** `1.2.3` of `1.2.3`, `^1.2.3` and `npm:name@1.2.3`. */
function installed(name) {
  return devDependencies[name]?.replace(/^(?:npm:.*@|[~^])/, '');
}

function versions({ packages, versions = {} }) {
  const named = packages.map((name) => [name, installed(name)]);
  return [...named, ...Object.entries(versions)].map(([name, version]) => `\`${name}\` ${version}`).join(', ');
}

function link(file) {
  return `[${file.split('/')[0]}](../../${FOLDER}/${file})`;
}

function row(stack) {
  const cells = [
    stack.name,
    versions(stack),
    stack.transports.join(', '),
    stack.exercised,
    stack.sticky ?? 'any backend',
    stack.restart,
    stack.files.map(link).join(', '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}

export function generate() {
  const lines = [
    '# Tested clients',
    '',
    '<!-- Generated from tools/e2e/clients/src by tools/checks/generate-tested-clients.mjs. -->',
    '',
    'Each of these talks with its own real server through the built gateway: a process with an `ocelot.json` as a user',
    'would write it, over `ws` and `wss`, with one backend and with two, and across a restart of its backend. Tests named',
    '*quick* run in every `npm test`, those named *full* by `npm run test:clients`. Versions are the installed ones; what',
    'is no package of npm comes from Debian 12 or from the machine ([how](../../CONTRIBUTING.md#real-clients)).',
    '',
    '| client | versions | transports | what is done | with several backends | when its backend restarts | tests |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...stacks.map(row),
    '',
    "The `WebSocket` of Node 22 and later is undici's: Node 26 speaks HTTP/2 with the gateway unasked, as browsers do.",
    '',
  ];
  return [{ path: 'docs/reference/tested-clients.md', content: lines.join('\n') }];
}

/** Rows that name what is not there, and tests that no row names. */
export function check() {
  const problems = [];
  for (const { name, packages, files: named } of stacks) {
    for (const dependency of packages) {
      if (installed(dependency) === undefined) problems.push(`${name}: ${dependency} is not in ${FOLDER}/package.json`);
    }
    for (const file of named) {
      if (!existsSync(join(ROOT, FOLDER, file))) problems.push(`${name}: there is no ${FOLDER}/${file}`);
    }
  }
  const known = new Set(stacks.flatMap(({ files: named }) => named.map((file) => `${FOLDER}/${file}`)));
  const tests = ['quick', 'full'].flatMap((folder) => files(`${FOLDER}/${folder}`, /\.test\.ts$/));
  problems.push(...tests.filter((test) => !known.has(test)).map((test) => `${test}: no row of a table names it`));
  return problems;
}
