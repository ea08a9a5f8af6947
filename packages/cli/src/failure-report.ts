import { ConfigError, type ConfigIssue, ERROR_CATALOGUE, isGatewayError } from '@ocelot/core';
import picocolors from 'picocolors';

import { CommandError } from './command-error.js';
import { describeIssues } from './describe-issues.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import { type Terminal, isColourful } from './terminal.js';

/** Why a command could not do its work: as text for people on stderr, or as one JSON object on stdout for scripts. */
export interface FailureReport {
  readonly exitCode: ExitCode;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Every problem of a configuration. */
  readonly issues?: readonly ConfigIssue[];
}

/** Understands what a command threw. */
export function reportOf(error: unknown): FailureReport {
  if (error instanceof ConfigError)
    return { exitCode: EXIT_CODES.invalid, message: 'The configuration cannot be used.', issues: error.issues };
  if (error instanceof CommandError) {
    const { exitCode, message, hint } = error;
    return { exitCode, message, ...(hint !== undefined && { hint }) };
  }
  // Raised while routes are compiled, by core or by a plugin's stage.
  if (isGatewayError(error) && /_(?:CONFIG_INVALID|PLUGIN_MISSING)$/.test(error.code)) {
    const { remedy } = ERROR_CATALOGUE[error.code];
    return { exitCode: EXIT_CODES.invalid, message: `${error.message} (${error.code})`, hint: remedy };
  }
  // A stack only for what nobody foresaw.
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: EXIT_CODES.failure,
    message: `unexpected failure: ${detail}`,
    hint: 'This is a fault of ocelot or of a plugin: please report it with the lines above.',
  };
}

/** For people: one clear message on stderr, or every problem on a line of its own. */
export function writeAsText({ message, hint, issues }: FailureReport, terminal: Terminal): void {
  const { red } = picocolors.createColors(isColourful(terminal.stderr, terminal.env));
  if (issues !== undefined) {
    terminal.stderr.write(describeIssues(issues, terminal));
    return;
  }
  terminal.stderr.write(`${red('error:')} ${message}\n`);
  if (hint !== undefined) terminal.stderr.write(`  ${hint}\n`);
}

/**
 * Runs a command that was asked for JSON: what it fails with is JSON as well, `{ "error": … }` on stdout.
 * @throws what `command` threw when `isJson` is not set.
 */
export async function failingAsJson(
  isJson: boolean | undefined,
  terminal: Terminal,
  command: () => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await command();
  } catch (error) {
    if (isJson !== true) throw error;
    const report = reportOf(error);
    terminal.stdout.write(`${JSON.stringify({ error: report }, undefined, 2)}\n`);
    return report.exitCode;
  }
}
