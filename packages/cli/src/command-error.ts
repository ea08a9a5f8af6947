import { EXIT_CODES, type ExitCode } from './exit-codes.js';

/**
 * A failure with one clear message for the person at the terminal: what is wrong, and what to do.
 * Thrown by the commands, printed once by `main`, which ends with `exitCode`.
 */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: ExitCode;
  /** What to do about it; printed on a line of its own. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, exitCode: ExitCode = EXIT_CODES.invalid, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
