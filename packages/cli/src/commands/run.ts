import type { PluginFlags } from '../command-inputs.js';
import type { ExitCode } from '../exit-codes.js';
import { type LogOptions, createLog } from '../log.js';
import { type RunningGateway, startGateway } from '../running-gateway.js';
import { watchSignals } from '../signals.js';
import type { Terminal } from '../terminal.js';
import { CLOSE_GRACE_MS, withinLimits } from '../within-limits.js';
import { startWorkers } from '../workers/start-workers.js';

/** The flags of `ocelot run`. */
export interface RunFlags extends PluginFlags {
  readonly host: string;
  readonly port: number;
  /** Permissions of a Unix-domain socket. */
  readonly socketMode?: number;
  /** Processes that carry sockets; 1: this one. */
  readonly workers: number;
  readonly logFormat?: LogOptions['format'];
  readonly logLevel: LogOptions['level'];
  readonly requireDiscovery?: boolean;
  readonly watch?: boolean;
}

/**
 * `ocelot run`: starts the gateway and stays until a signal ends it.
 * @returns 0 when everything was closed in order, 1 when a second signal or a time limit cut it short.
 * @throws CommandError, ConfigError when it cannot start, or when its workers cannot be kept alive.
 */
export async function run(paths: readonly string[], flags: RunFlags, terminal: Terminal): Promise<ExitCode> {
  const isSeveral = flags.workers > 1;
  const log = await createLog(
    { format: flags.logFormat, level: flags.logLevel, worker: isSeveral ? 0 : undefined },
    terminal,
  );
  terminal.reportCrashes((error) => log.error({ err: error }, 'unexpected failure, the process ends'));
  let running: RunningGateway | undefined;
  const signals = watchSignals(terminal, () => {
    if (running === undefined) log.warn({}, 'SIGHUP came before the start was over: nothing to reload yet');
    else running.reload('SIGHUP');
  });
  const ends: (() => Promise<void>)[] = [];
  try {
    const starting = isSeveral
      ? startWorkers(paths, flags, terminal, log, (end) => void ends.push(end))
      : startGateway(paths, flags, terminal, log);
    running = await Promise.race([starting, signals.stop.then(() => undefined)]);
    if (running === undefined) {
      log.info({}, 'stopped before the start was over');
      const late = starting.then(
        (gateway) => gateway.stop('stopped before the start was over'),
        () => 0 as const,
      );
      return await withinLimits(late, CLOSE_GRACE_MS, signals.force, log);
    }
    terminal.stdout.write(`listening on ${running.url}\n`);
    const end = await Promise.race([signals.stop, running.failed]);
    if (typeof end !== 'string') log.error({ hint: end.hint }, end.message);
    const cause = typeof end === 'string' ? { signal: end } : {};
    log.info(
      { ...cause, openSessions: running.openSessions },
      'stopping: no new connections, open ones are asked to leave',
    );
    const stopping = running.stop(typeof end === 'string' ? end : end.message);
    const code = await withinLimits(stopping, running.drainDeadlineMs + CLOSE_GRACE_MS, signals.force, log);
    if (typeof end !== 'string') throw end;
    return code;
  } finally {
    for (const end of ends) await end();
    signals.close();
  }
}
