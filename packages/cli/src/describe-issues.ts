import { type ConfigIssue, formatIssue } from '@ocelot/core';
import picocolors from 'picocolors';

import { type Terminal, isColourful } from './terminal.js';

/** Every problem on a line of its own, errors first, and a sum at the end: for people, on stderr. */
export function describeIssues(issues: readonly ConfigIssue[], terminal: Terminal): string {
  const { red, yellow } = picocolors.createColors(isColourful(terminal.stderr, terminal.env));
  const errors = issues.filter(({ severity }) => severity === 'error');
  const warnings = issues.filter(({ severity }) => severity === 'warning');
  const lines = [
    ...errors.map((issue) => `${red('error:')} ${formatIssue(issue)}`),
    ...warnings.map((issue) => `${yellow('warning:')} ${formatIssue(issue)}`),
    `${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `1 error`, `2 errors`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
