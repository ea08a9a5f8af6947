import type { Logger } from '@ocelot/core';

import type { PluginFlags } from '../command-inputs.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { type LogOptions, createLog } from '../log.js';
import { type RunningGateway, startGateway } from '../running-gateway.js';
import { type SignalWatch, watchSignals } from '../signals.js';
import type { Terminal } from '../terminal.js';

/** The flags of `ocelot run`. */
export interface RunFlags extends PluginFlags {
  readonly host: string;
  readonly port: number;
  readonly logFormat?: LogOptions['format'];
  readonly logLevel: LogOptions['level'];
  readonly requireDiscovery?: boolean;
  readonly watch?: boolean;
}

/** What plugins and pools may take beyond the drain's own deadline before the process ends without them. */
const CLOSE_GRACE_MS = 10_000;

/**
 * `ocelot run`: starts the gateway and stays until a signal ends it.
 * @returns 0 when everything was closed in order, 1 when a second signal or a time limit cut it short.
 * @throws CommandError, ConfigError when it cannot start.
 */
export async function run(paths: readonly string[], flags: RunFlags, terminal: Terminal): Promise<ExitCode> {
  const log = await createLog({ format: flags.logFormat, level: flags.logLevel }, terminal);
  terminal.reportCrashes((error) => log.error({ err: error }, 'unexpected failure, the process ends'));
  let running: RunningGateway | undefined;
  const signals = watchSignals(terminal, () => {
    if (running === undefined) log.warn({}, 'SIGHUP came before the start was over: nothing to reload yet');
    else running.reload('SIGHUP');
  });
  try {
    const starting = startGateway(paths, flags, terminal, log);
    running = await Promise.race([starting, signals.stop.then(() => undefined)]);
    if (running === undefined) {
      log.info({}, 'stopped before the start was over');
      return await withinLimits(
        starting.then(
          (late) => late.stop(),
          () => undefined,
        ),
        CLOSE_GRACE_MS,
        signals,
        log,
      );
    }
    terminal.stdout.write(`listening on ${running.url}\n`);
    const signal = await signals.stop;
    const { gateway } = running;
    log.info(
      { signal, openSessions: gateway.openSessions },
      'stopping: no new connections, open ones are asked to leave',
    );
    return await withinLimits(running.stop(), running.drainDeadlineMs + CLOSE_GRACE_MS, signals, log);
  } finally {
    signals.close();
  }
}

/** Waits for the end in order, but neither for ever nor against the will of who sent a second signal. */
async function withinLimits(
  stopping: Promise<void>,
  limitMs: number,
  signals: SignalWatch,
  log: Logger,
): Promise<ExitCode> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), limitMs);
  });
  try {
    const end = await Promise.race([
      stopping.then(() => 'stopped' as const),
      signals.force.then(() => 'forced' as const),
      limit,
    ]);
    if (end === 'stopped') return EXIT_CODES.done;
    log.error({}, end === 'forced' ? 'second signal: ended at once' : `not closed within ${limitMs} ms: ended at once`);
    return EXIT_CODES.failure;
  } finally {
    clearTimeout(timer);
  }
}
