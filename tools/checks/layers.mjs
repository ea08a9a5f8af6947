// Checks the rules of the house that neither the compiler nor the linter knows.
//
// Why it exists: arrows between packages, the two vocabularies (Ocelot's words live in core/src/config and nowhere
// else), the ceiling of 300 lines and names that say nothing are decisions which erode one exception at a time.
import { builtinModules } from 'node:module';
import { basename } from 'node:path';

import { PACKAGES, files, read, report } from './project.mjs';

const LINES_AT_MOST = 300;
const NAMELESS = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'internal', 'types', 'misc', 'shared']);

const LIBRARIES = PACKAGES.filter((name) => name !== 'cli');

/** What a package's sources may import besides what its package.json lists, and whether they may use Node. */
const ARROWS = {
  core: { siblings: [], node: false },
  lb: { siblings: ['core'], node: false },
  'discovery-consul': { siblings: ['core'], node: true },
  'relay-kit': { siblings: ['core'], node: true },
  'ws-relay': { siblings: ['core', 'relay-kit'], node: true },
  'http-relay': { siblings: ['core', 'relay-kit'], node: true },
  auth: { siblings: ['core', 'relay-kit'], node: true },
  'rate-limit': { siblings: ['core'], node: true },
  resilience: { siblings: ['core', 'relay-kit'], node: true },
  telemetry: { siblings: ['core'], node: true },
  cli: { siblings: [...LIBRARIES], node: true },
};

const SPECIFIER = /(?:^|[^.\w])(?:import|export)\s*(?:[^'"`;()]*?\sfrom\s*)?\(?\s*'([^']+)'/gm;

/** Comments, strings and whole template literals: TypeScript 7 has no scanner to call. */
const TEXT = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;

function importProblems(pack) {
  const { siblings, node } = ARROWS[pack];
  const problems = [];
  for (const file of files(`packages/${pack}/src`, /\.ts$/)) {
    for (const [, specifier] of read(file).matchAll(SPECIFIER)) {
      const sibling = /^@ocelot\/([^/]+)/.exec(specifier)?.[1];
      if (sibling !== undefined && !siblings.includes(sibling))
        problems.push(`${file}: imports ${specifier}; arrows go down only, and siblings never import each other`);
      if (!node && (specifier.startsWith('node:') || builtinModules.includes(specifier)))
        problems.push(`${file}: imports ${specifier}; @ocelot/${pack} runs without Node's modules`);
    }
  }
  return problems;
}

function manifestProblems(pack) {
  const file = `packages/${pack}/package.json`;
  const manifest = JSON.parse(read(file));
  const problems = [];
  for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
    // What relays share is a layer below them, and nobody's plugin: an ordinary dependency.
    if (name.startsWith('@ocelot/') && name !== '@ocelot/relay-kit' && pack !== 'cli')
      problems.push(`${file}: ${name} is a dependency; plugins take core as a peer, and only the cli takes siblings`);
    if (String(range).startsWith('catalog:'))
      problems.push(`${file}: ${name} uses catalog:, which lerna publishes raw`);
  }
  const peer = manifest.peerDependencies?.['@ocelot/core'];
  if (pack !== 'cli' && pack !== 'core' && peer === undefined)
    problems.push(`${file}: @ocelot/core is no peer dependency; a process must hold one copy of it`);
  // A peer that leaves its range makes a major of the package: with ^0.1.0 each minor of core would.
  if (peer !== undefined && manifest.version.startsWith('0.') && peer !== 'workspace:^0')
    problems.push(`${file}: until 1.0 the peer @ocelot/core is "workspace:^0", else changesets makes it 1.0.0`);
  return problems;
}

function vocabularyProblems() {
  const problems = [];
  for (const file of files('packages', /\.ts$/)) {
    if (!/^packages\/[^/]+\/src\//.test(file) || file.startsWith('packages/core/src/config/')) continue;
    const lines = read(file)
      .replaceAll(TEXT, (text) => text.replaceAll(/[^\n]/g, ' '))
      .split('\n');
    lines.forEach((line, index) => {
      const word = /\w*(?:upstream|downstream)\w*/i.exec(line)?.[0];
      if (word !== undefined)
        problems.push(`${file}:${index + 1}: "${word}" belongs into core/src/config; say client, backend or endpoint`);
    });
  }
  return problems;
}

function fileProblems() {
  const problems = [];
  const sources = files('packages', /\.(ts|mts)$/).filter((file) => file.includes('/src/'));
  for (const file of [...sources, ...files('tools', /\.(ts|mjs)$/), ...files('docs/examples', /\.(ts|mts|mjs|js)$/)]) {
    const text = read(file);
    const lines = text.split('\n').length - 1;
    const stem = basename(file).split('.')[0];
    if (lines > LINES_AT_MOST) problems.push(`${file}: ${lines} lines; at most ${LINES_AT_MOST}, one idea each`);
    if (NAMELESS.has(stem)) problems.push(`${file}: "${stem}" names nothing; call it after what it does`);
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9-]+)+$/.test(basename(file)))
      problems.push(`${file}: file names are kebab-case`);
    if (file !== 'tools/checks/layers.mjs' && /\b(?:TODO|FIXME|XXX)\b/.test(text))
      problems.push(`${file}: open ends belong into an issue, not into the source`);
  }
  return problems;
}

report(
  'layers',
  [
    ...PACKAGES.flatMap((pack) => [...importProblems(pack), ...manifestProblems(pack)]),
    ...vocabularyProblems(),
    ...fileProblems(),
  ],
  'arrows, vocabulary, sizes and names hold',
);
