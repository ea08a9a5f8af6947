import { type Gateway, type GatewayConfig, type Logger, createGateway, formatIssue } from '@ocelot/core';

import type { RunFlags } from './commands/run.js';
import { openConfiguration } from './configuration-source.js';
import { createDiscoveryCheck } from './discovery-check.js';
import { type Listener, listen } from './listen.js';
import { loadPlugins } from './load-plugins.js';
import { createReloader } from './reload.js';
import type { Terminal } from './terminal.js';

/** More than this is no longer read at start; `ocelot validate` lists all. */
const WARNINGS_SHOWN = 10;

/** A gateway that accepts connections. */
export interface RunningGateway {
  readonly gateway: Gateway;
  /** `http://H:P` */
  readonly url: string;
  /** The deadline of the configuration in force. */
  readonly drainDeadlineMs: number;
  /** Reads the configuration anew; the outcome is logged. */
  reload(cause: string): void;
  /** Stops listening, drains, closes everything. Call it once. */
  stop(): Promise<void>;
}

/**
 * Reads the configuration, sets the plugins up, opens the port.
 * @throws CommandError, ConfigError; nothing stays open then.
 */
export async function startGateway(
  paths: readonly string[],
  flags: Pick<RunFlags, 'host' | 'port' | 'configModule' | 'plugin' | 'requireDiscovery' | 'watch'>,
  terminal: Terminal,
  log: Logger,
): Promise<RunningGateway> {
  const definition = await loadPlugins({
    cwd: terminal.cwd,
    configModule: flags.configModule,
    plugins: flags.plugin,
  });
  const source = openConfiguration(paths.length > 0 ? paths : (definition.config ?? []), terminal, log);
  let config = await source.load();
  reportWarnings(config, log);
  const discovery = createDiscoveryCheck();
  const gateway = await createGateway({ config, plugins: [...definition.plugins, discovery.plugin], log });
  let listener: Listener;
  try {
    if (flags.requireDiscovery === true) discovery.assertReached();
    listener = await listen(gateway, { host: flags.host, port: flags.port });
  } catch (error) {
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    throw error;
  }
  const reloader = createReloader({
    gateway,
    async load() {
      config = await source.load();
      return config;
    },
  });
  const watch = await source.watch({ files: flags.watch === true, changed: (cause) => reloader.request(cause) });
  log.info({ url: listener.url, routes: gateway.routes.length, files: source.names }, 'gateway started');
  return {
    gateway,
    url: listener.url,
    get drainDeadlineMs() {
      return config.settings.drain.deadlineMs;
    },
    reload: (cause) => reloader.request(cause),
    async stop() {
      listener.stop();
      await Promise.all([watch.close(), reloader.close()]);
      await gateway.drain();
      listener.destroy();
    },
  };
}

function reportWarnings({ warnings }: GatewayConfig, log: Logger): void {
  for (const issue of warnings.slice(0, WARNINGS_SHOWN))
    log.warn({ kind: issue.kind, source: issue.source }, formatIssue(issue));
  if (warnings.length > WARNINGS_SHOWN)
    log.warn({ warnings: warnings.length }, `${warnings.length - WARNINGS_SHOWN} more warnings: run ocelot validate`);
}
