import { ConfigError, ERROR_CATALOGUE, isGatewayError } from '@ocelot/core';
import { CommanderError } from 'commander';
import picocolors from 'picocolors';

import { createProgram } from './arguments.js';
import { CommandError } from './command-error.js';
import { describeIssues } from './describe-issues.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import { type Terminal, isColourful } from './terminal.js';

/**
 * Runs one command line and says what the process should end with. Never throws, never ends the process itself, so
 * that tests and other programs can call it.
 * @param argv without the executable and the script: `['run', 'ocelot.json']`.
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT_CODES.done;
  const program = createProgram(terminal, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

/** One clear message; a stack only for what nobody foresaw. */
function reportFailure(error: unknown, terminal: Terminal): ExitCode {
  const { red } = picocolors.createColors(isColourful(terminal.stderr, terminal.env));
  // Commander printed its own message: help, version or what is wrong with the arguments.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.invalid;
  if (error instanceof ConfigError) {
    terminal.stderr.write(describeIssues(error.issues, terminal));
    return EXIT_CODES.invalid;
  }
  if (error instanceof CommandError) {
    terminal.stderr.write(`${red('error:')} ${error.message}\n`);
    if (error.hint !== undefined) terminal.stderr.write(`  ${error.hint}\n`);
    return error.exitCode;
  }
  // Raised while routes are compiled, by core or by a plugin's stage.
  if (isGatewayError(error) && /_(?:CONFIG_INVALID|PLUGIN_MISSING)$/.test(error.code)) {
    terminal.stderr.write(`${red('error:')} ${error.message} (${error.code})\n`);
    terminal.stderr.write(`  ${ERROR_CATALOGUE[error.code].remedy}\n`);
    return EXIT_CODES.invalid;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.stderr.write(`${red('error:')} unexpected failure: ${detail}\n`);
  terminal.stderr.write('  This is a fault of ocelot or of a plugin: please report it with the lines above.\n');
  return EXIT_CODES.failure;
}
