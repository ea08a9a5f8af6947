// Makes docs/reference/errors.md from the catalogue of errors, and checks that each code is met by a test.
//
// Why it exists: somebody who reads OCELOT_ERR_… in a log must find it in the reference, with what to do; a code that
// no test raises is a promise nobody keeps.
import { ERROR_CATALOGUE } from '../../packages/core/dist/index.js';
import { files, read } from './project.mjs';

const BLAME = { client: 'the client', backend: 'the backend', gateway: 'the gateway' };

/** One row of the table. */
function row([code, entry]) {
  const status = entry.status === 0 ? '-' : String(entry.status);
  const closeCode = entry.closeCode === undefined ? '-' : String(entry.closeCode);
  return `| \`${code}\` | ${status} | ${closeCode} | ${BLAME[entry.source]} |`;
}

/** The section of one code. */
function section([code, entry]) {
  return [`### ${code}`, '', entry.message, '', `What to do: ${entry.remedy}`];
}

export function generate() {
  const entries = Object.entries(ERROR_CATALOGUE);
  const lines = [
    '# Errors',
    '',
    '<!-- Generated from packages/core/src/errors/error-codes.ts by tools/checks/generate-errors.mjs. -->',
    '',
    'Every refusal and every close of the gateway has a code. Before the `101` it is an HTTP answer with the status',
    'below, whose body names the code and the id of the request; afterwards it is a Close frame with the close code.',
    'The cause stands in the log, never in the answer.',
    '',
    '| code | status before 101 | close code after | side to blame |',
    '| --- | --- | --- | --- |',
    ...entries.map(row),
    '',
    '## What each one means',
    ...entries.flatMap((entry) => ['', ...section(entry)]),
    '',
  ];
  return [{ path: 'docs/reference/errors.md', content: lines.join('\n') }];
}

/** Codes that no test mentions. */
export function check() {
  const tests = [...files('packages', /\.test\.ts$/), ...files('tools', /\.test\.ts$/)].map(read).join('\n');
  return Object.keys(ERROR_CATALOGUE)
    .filter((code) => !new RegExp(`\\b${code}\\b`).test(tests))
    .map((code) => `${code}: no test raises it`);
}
