import { CommanderError } from 'commander';

import { createProgram } from './arguments.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import { reportOf, writeAsText } from './failure-report.js';
import type { Terminal } from './terminal.js';

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

function reportFailure(error: unknown, terminal: Terminal): ExitCode {
  // Commander printed its own message: help, version or what is wrong with the arguments.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.invalid;
  const report = reportOf(error);
  writeAsText(report, terminal);
  return report.exitCode;
}
