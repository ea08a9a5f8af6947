// Checks the documents: links lead somewhere, and every block of code is what it claims to be.
//
// Why it exists: a wrong snippet costs a newcomer an hour. So `json` blocks are parsed (and read as a configuration
// when they hold routes), `js`, `mjs` and `ts` blocks are compiled, the latter against the built packages, and a block
// under `<!-- file: PATH -->` must equal that file, which a smoke test of its own runs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';

import { inspectConfiguration } from '../../packages/core/dist/index.js';
import { PACKAGES, ROOT, files, read, report } from './project.mjs';

const SCRATCH = join(ROOT, '.cache', 'docs-snippets');
const { parse, printParseErrorCode } = createRequire(join(ROOT, 'packages/core/package.json'))('jsonc-parser');

/** The fenced blocks of a document: language, first line of the code (1-based), code, and the file it must equal. */
function blocksOf(text) {
  const blocks = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const open = /^(\s*)(`{3,}|~{3,})\s*(\w*)/.exec(lines[at]);
    if (open === null) continue;
    const start = at + 1;
    at = start;
    while (at < lines.length && lines[at].trim() !== open[2]) at += 1;
    const code = lines.slice(start, at).map((line) => line.slice(open[1].length));
    const before = lines.slice(0, start - 1).findLast((line) => line.trim() !== '') ?? '';
    const file = /^\s*<!-- file: (\S+) -->/.exec(before)?.[1];
    blocks.push({ language: open[3], line: start + 1, code: `${code.join('\n')}\n`, file });
  }
  return blocks;
}

/** The anchor GitHub gives to a heading. */
function slug(heading) {
  const kept = heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
  return kept.replaceAll(/\s/g, '-');
}

function anchorsOf(text) {
  const headings = text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6}\s+(.*)$/gm);
  return new Set([...headings].map(([, heading]) => slug(heading)));
}

function linkProblems(document, text) {
  const problems = [];
  const prose = text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '').replaceAll(/`[^`\n]*`/g, '');
  const inline = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)];
  const sources = [...prose.matchAll(/<(?:img|a|source)\s[^>]*?(?:src|href|srcset)="([^"]+)"/g)];
  for (const [, link] of [...inline, ...sources]) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
    const [path, anchor] = link.split('#');
    const target = path === '' ? document : posix.join(posix.dirname(document), decodeURI(path));
    if (!existsSync(join(ROOT, target))) problems.push(`${document}: ${link} leads nowhere`);
    else if (anchor && target.endsWith('.md') && !anchorsOf(read(target)).has(anchor))
      problems.push(`${document}: ${link} names a heading that ${target} has not`);
  }
  return problems;
}

/** What is wrong with a block of JSON: not parsed, or a configuration that does not load. */
function jsonProblems(place, code) {
  const errors = [];
  const value = parse(code, errors, { allowTrailingComma: true });
  if (errors.length > 0) return errors.map((error) => `${place}: ${printParseErrorCode(error.error)} in a json block`);
  if (!Array.isArray(value?.Routes) && !Array.isArray(value?.ReRoutes)) return [];
  return inspectConfiguration(value)
    .issues.filter((issue) => issue.severity === 'error')
    .map((issue) => `${place}: ${issue.message}`);
}

function syntaxProblems(place, code, file) {
  writeFileSync(file, code);
  const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  return status === 0 ? [] : [`${place}: ${stderr.split('\n').find((line) => line.includes('Error')) ?? stderr}`];
}

/** Compiles every `ts` block of every document at once, and says where each complaint belongs. */
function typeProblems(blocks) {
  if (blocks.length === 0) return [];
  blocks.forEach(({ code }, index) => writeFileSync(join(SCRATCH, `block-${index}.ts`), code));
  const paths = { ws: ['../../packages/ws-relay/node_modules/@types/ws'] };
  for (const name of PACKAGES) paths[`@ocelot/${name}`] = [`../../packages/${name}/dist/index.d.ts`];
  paths['@ocelot/core/testing'] = ['../../packages/core/dist/testing/index.d.ts'];
  const compilerOptions = { composite: false, declaration: false, declarationMap: false, emitDeclarationOnly: false };
  const own = { noEmit: true, isolatedDeclarations: false, moduleDetection: 'force', paths };
  writeFileSync(
    join(SCRATCH, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: { ...compilerOptions, ...own },
      include: ['*.ts'],
    }),
  );
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', SCRATCH, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: SCRATCH,
  });
  return [...stdout.matchAll(/^block-(\d+)\.ts\((\d+),\d+\): (.*)$/gm)].map(([, index, line, message]) => {
    const { document, line: first } = blocks[Number(index)];
    return `${document}:${first + Number(line) - 1}: ${message}`;
  });
}

rmSync(SCRATCH, { recursive: true, force: true });
mkdirSync(SCRATCH, { recursive: true });
writeFileSync(join(SCRATCH, 'package.json'), '{ "type": "module" }');
const problems = [];
const typed = [];
let count = 0;
const documents = files('.', /\.md$/).filter(
  (path) => !path.endsWith('CHANGELOG.md') && !path.startsWith('.changeset/'),
);
for (const document of documents) {
  const text = read(document);
  problems.push(...linkProblems(document, text));
  for (const { language, line, code, file } of blocksOf(text)) {
    const place = `${document}:${line}`;
    count += 1;
    if (file !== undefined && !existsSync(join(ROOT, file))) problems.push(`${place}: there is no ${file}`);
    else if (file !== undefined && read(file).trim() !== code.trim()) problems.push(`${place}: differs from ${file}`);
    if (['json', 'jsonc', 'json5'].includes(language)) problems.push(...jsonProblems(place, code));
    else if (['js', 'mjs', 'javascript'].includes(language))
      problems.push(...syntaxProblems(place, code, join(SCRATCH, `check-${count}.mjs`)));
    else if (['ts', 'typescript'].includes(language)) typed.push({ document, line, code });
  }
}
problems.push(...typeProblems(typed));
rmSync(SCRATCH, { recursive: true, force: true });
report('docs', problems, `${documents.length} documents, ${count} blocks: links lead somewhere, code compiles`);
