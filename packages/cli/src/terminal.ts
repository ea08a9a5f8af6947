import { gatheredOutput } from './gathered-output.js';

/** Where text goes. `process.stdout` fits. */
export interface Output {
  write(text: string): unknown;
  /** Whether a person looks at it: decides colours and the default log format. */
  readonly isTTY?: boolean;
}

/** The signals a running gateway answers. */
export type TerminalSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/**
 * Everything of the process that commands use: `processTerminal()` in the executable, a scripted one in tests.
 */
export interface Terminal {
  /** Results only: what a script reads. */
  readonly stdout: Output;
  /** Messages and warnings. */
  readonly stderr: Output;
  /**
   * The log of a running gateway.
   * @default stderr
   */
  readonly log?: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative FILEs and plugin paths are resolved from it. */
  readonly cwd: string;
  /** Calls `listener` for each signal until the returned function is called. */
  onSignal(signal: TerminalSignal, listener: () => void): () => void;
  /** Says how an exception that nobody caught is reported; the process then ends with 1. */
  reportCrashes(report: (error: unknown) => void): void;
}

/** Whether `output` may be coloured (https://no-color.org, FORCE_COLOR). */
export function isColourful(output: Output, env: Terminal['env']): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true;
  return output.isTTY === true && env['TERM'] !== 'dumb';
}

/**
 * The real process as a {@link Terminal}. Called once, by the executable: it takes over the reporting of exceptions
 * that nobody caught, and it survives a reader of stdout who went away (`ocelot routes | head`). A result that cannot be
 * written ends the process with 1.
 */
export function processTerminal(): Terminal {
  let report = (error: unknown): void => {
    process.stderr.write(`ocelot: unexpected failure: ${error instanceof Error ? error.stack : String(error)}\n`);
  };
  const crash = (error: unknown): void => {
    report(error);
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
    process.exit(1);
  });
  // There is nobody left to tell. A full disk below the log costs lines, not the connections of a running gateway, and
  // lines come again once there is room.
  process.stderr.on('error', () => undefined);
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    log: gatheredOutput(process.stderr, (flush) => process.on('exit', flush)),
    env: process.env,
    cwd: process.cwd(),
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
    reportCrashes(next) {
      report = next;
    },
  };
}
