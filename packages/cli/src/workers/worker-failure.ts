import { ConfigError, type ConfigIssue, type ErrorCode, GatewayError, isGatewayError } from '@ocelot/core';

import { CommandError } from '../command-error.js';
import type { ExitCode } from '../exit-codes.js';

/** An error on its way between processes: what `main` needs to report it as if it had happened here. */
export type WorkerFailure =
  | { readonly kind: 'config'; readonly issues: readonly ConfigIssue[] }
  | {
      readonly kind: 'command';
      readonly message: string;
      readonly hint: string | undefined;
      readonly exitCode: ExitCode;
    }
  | { readonly kind: 'gateway'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'unexpected'; readonly message: string; readonly stack: string | undefined };

/** Makes an error ready for the way. */
export function describeFailure(error: unknown): WorkerFailure {
  if (error instanceof ConfigError) return { kind: 'config', issues: error.issues };
  if (error instanceof CommandError) {
    const { message, hint, exitCode } = error;
    return { kind: 'command', message, hint, exitCode };
  }
  if (isGatewayError(error)) return { kind: 'gateway', code: error.code, message: error.message };
  if (error instanceof Error) return { kind: 'unexpected', message: error.message, stack: error.stack };
  return { kind: 'unexpected', message: String(error), stack: undefined };
}

/** The error again, of its own class. */
export function revivedFailure(failure: WorkerFailure): Error {
  if (failure.kind === 'config') return new ConfigError(failure.issues);
  if (failure.kind === 'command') return new CommandError(failure.message, failure.hint, failure.exitCode);
  if (failure.kind === 'gateway') return new GatewayError(failure.code, { message: failure.message });
  const error = new Error(failure.message);
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
