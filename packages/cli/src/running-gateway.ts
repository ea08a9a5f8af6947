import { type GatewayConfig, type Logger, formatIssue } from '@ocelot/core';

import type { CommandError } from './command-error.js';
import type { RunFlags } from './commands/run.js';
import { openConfiguration } from './configuration-source.js';
import { ControlAddress } from './control/control-address.js';
import { LocalDesk } from './control/local-desk.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import { loadPlugins } from './load-plugins.js';
import { openGateway } from './open-gateway.js';
import { createReloader } from './reload.js';
import type { Terminal } from './terminal.js';

/** More than this is no longer read at start; `ocelot validate` lists all. */
const WARNINGS_SHOWN = 10;

/** The flags of `ocelot run` that say what is started. */
export type StartFlags = Pick<
  RunFlags,
  'host' | 'port' | 'socketMode' | 'configModule' | 'plugin' | 'requireDiscovery' | 'watch'
>;

/** A gateway that accepts connections, in this process or in workers of it. */
export interface RunningGateway {
  /** `http://H:P` or `https://H:P` */
  readonly url: string;
  /** How many sessions are open now; undefined when only the workers know. */
  readonly openSessions: number | undefined;
  /** The deadline of the configuration in force. */
  readonly drainDeadlineMs: number;
  /** Fulfilled when it cannot go on by itself; stop it then. */
  readonly failed: Promise<CommandError>;
  /** Reads the configuration anew; the outcome is logged. */
  reload(cause: string): void;
  /**
   * Stops listening, drains, closes everything. Call it once.
   * @returns 0 when everything ended in order.
   */
  stop(cause: string): Promise<ExitCode>;
}

/**
 * Reads the configuration, sets the plugins up, opens the port, all in this process.
 * @throws CommandError, ConfigError; nothing stays open then.
 */
export async function startGateway(
  paths: readonly string[],
  flags: StartFlags,
  terminal: Terminal,
  log: Logger,
): Promise<RunningGateway> {
  const definition = await loadPlugins({
    cwd: terminal.cwd,
    configModule: flags.configModule,
    plugins: flags.plugin,
  });
  const named = paths.length > 0 ? paths : (definition.config ?? []);
  const source = openConfiguration(named, definition.plugins, terminal, log);
  const config = await source.load();
  reportWarnings(config, log);
  const control = await ControlAddress.open(config, terminal, log);
  const open = await openGateway({
    config,
    plugins: definition.plugins,
    requireDiscovery: flags.requireDiscovery === true,
    host: flags.host,
    port: flags.port,
    socketMode: flags.socketMode,
    log,
  }).catch(async (error: unknown) => {
    await control.close();
    throw source.placed(error);
  });
  const { gateway, url } = open;
  control.attach(new LocalDesk(gateway));
  const reloader = createReloader({
    gateway: {
      log,
      get revision() {
        return gateway.revision;
      },
      reload: (next) =>
        control
          .follow(next, () => open.reload(next))
          .catch((error: unknown) => {
            throw source.placed(error);
          }),
    },
    config,
    load: () => source.load(),
  });
  const watch = await source.watch({ files: flags.watch === true, changed: (cause) => reloader.request(cause) });
  log.info({ url, routes: gateway.routes.length, files: source.names }, 'gateway started');
  return {
    url,
    get openSessions() {
      return gateway.openSessions;
    },
    get drainDeadlineMs() {
      return open.config.settings.drain.deadlineMs;
    },
    failed: new Promise(() => undefined),
    reload: (cause) => reloader.request(cause),
    async stop() {
      control.draining();
      open.stopAccepting();
      await Promise.all([watch.close(), reloader.close()]);
      await open.close();
      await control.close();
      return EXIT_CODES.done;
    },
  };
}

/** Tells what a configuration that can be used leaves to wish for, within reason. */
export function reportWarnings({ warnings }: GatewayConfig, log: Logger): void {
  for (const issue of warnings.slice(0, WARNINGS_SHOWN))
    log.warn({ kind: issue.kind, source: issue.source }, formatIssue(issue));
  if (warnings.length > WARNINGS_SHOWN)
    log.warn({ warnings: warnings.length }, `${warnings.length - WARNINGS_SHOWN} more warnings: run ocelot validate`);
}
