// Checks docs/reference/ocelot-compatibility.md: each row has a verdict, and a test that says what it claims.
//
// Why it exists: a page of promises about another product goes stale first. A row whose test was renamed or removed
// fails the build.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT, read, report } from './project.mjs';

const PAGE = 'docs/reference/ocelot-compatibility.md';
const VERDICTS = new Set(['same', 'differs on purpose', 'extension', 'not yet']);
/** `| Ocelot | here | verdict | [words of a test's title](its file) |` */
const ROW =
  /^\| (?<subject>.+?) +\| .+? +\| (?<verdict>[^|]+?) +\| \[(?<title>.+)\]\(\.\.\/\.\.\/(?<file>[^)]+)\) +\|$/;

function problemsOf(line) {
  const row = ROW.exec(line)?.groups;
  if (row === undefined) return [`${PAGE}: not a row with verdict and test: ${line}`];
  const { subject, verdict, title, file } = row;
  if (!VERDICTS.has(verdict)) return [`${PAGE}: "${subject}": "${verdict}" is no verdict`];
  if (!existsSync(join(ROOT, file))) return [`${PAGE}: "${subject}": ${file} does not exist`];
  return read(file).includes(title) ? [] : [`${PAGE}: "${subject}": no test in ${file} says "${title}"`];
}

const rows = read(PAGE)
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (Ocelot|-+) +\|/.test(line));
report('compatibility', rows.flatMap(problemsOf), `${rows.length} rows, each with its test`);
