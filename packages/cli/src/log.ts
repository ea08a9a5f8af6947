import type { Logger } from '@ocelot/core';
import { pino, stdSerializers } from 'pino';

import { isColourful, type Output, type Terminal } from './terminal.js';

/** The values of `--log-level`, from most to least. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The values of `--log-format`. */
export const LOG_FORMATS = ['pretty', 'json'] as const;
/** One of {@link LOG_FORMATS}. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What {@link createLog} is told by the command line. */
export interface LogOptions {
  /** @default pretty on a terminal, else json */
  readonly format?: LogFormat | undefined;
  readonly level: LogLevel;
  /** Written on every line that names no other: 0 for the primary process of several. @default none */
  readonly worker?: number | undefined;
}

/**
 * Makes the log of a running gateway: one line per event on stderr, so that stdout carries results only.
 *
 * The lines of one turn of the event loop are written together, also the last ones before the process ends by itself.
 */
export async function createLog(options: LogOptions, terminal: Terminal): Promise<Logger> {
  const output = terminal.log ?? terminal.stderr;
  const format = options.format ?? (output.isTTY === true ? 'pretty' : 'json');
  const log: Logger = pino(
    {
      level: options.level,
      base: null,
      // Not `base`: a line about a worker would carry the name twice.
      ...(options.worker !== undefined && { mixin: () => ({ worker: options.worker }) }),
      serializers: { err: stdSerializers.err, error: stdSerializers.err, cause: stdSerializers.err },
      ...(format === 'json' && {
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label: string) => ({ level: label }) },
      }),
    },
    format === 'json' ? { write: (line: string) => output.write(line) } : await prettyDestination(output, terminal.env),
  );
  return log;
}

/** Loaded only when asked for: machines read json, and need not pay for the printer. */
async function prettyDestination(output: Output, env: Terminal['env']): Promise<{ write(line: string): void }> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: isColourful(output, env),
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return { write: (line) => void output.write(pretty(line)) };
}
