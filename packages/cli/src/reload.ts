import { ConfigError, type Gateway, type GatewayConfig, formatIssue } from '@ocelot/core';

import { CommandError } from './command-error.js';

/** What takes a new configuration: a gateway, or all workers of one. */
export type ReloadTarget = Pick<Gateway, 'revision' | 'reload' | 'log'>;

/** Puts changed configurations in force, one after another. */
export interface Reloader {
  /**
   * Asks for a reload. While one runs, further wishes are gathered into one more.
   * @param cause for the log: `SIGHUP`, `ocelot.json changed`.
   */
  request(cause: string): void;
  /** Fulfilled when nothing runs any more; requests after it are ignored. */
  close(): Promise<void>;
}

/**
 * Makes a reloader. A configuration that cannot be used changes nothing: every problem is logged, the one in force
 * stays. Nor does one without a route, while there are some: a file that is being written is empty for a moment.
 */
export function createReloader(options: {
  readonly gateway: ReloadTarget;
  /** The configuration in force at first. */
  readonly config: GatewayConfig;
  /** Reads the configuration anew. */
  readonly load: () => Promise<GatewayConfig>;
}): Reloader {
  const { gateway, load } = options;
  let running: Promise<void> | undefined;
  let next: string | undefined;
  let isClosed = false;
  let inForce = options.config;

  const once = async (cause: string): Promise<void> => {
    try {
      const before = gateway.revision;
      const config = await load();
      if (servesNothing(config) && !servesNothing(inForce)) {
        throw new CommandError(
          'The configuration has no route any more.',
          'Is it being written? To serve nothing, restart.',
        );
      }
      const { revision } = await gateway.reload(config);
      inForce = config;
      gateway.log.info({ cause, revision }, `configuration ${revision === before ? 'unchanged' : 'reloaded'}`);
    } catch (error) {
      reportRejected(gateway, cause, error);
    }
  };
  const run = async (): Promise<void> => {
    while (next !== undefined) {
      const cause = next;
      next = undefined;
      await once(cause);
    }
    running = undefined;
  };
  return {
    request(cause) {
      if (isClosed) return;
      next = cause;
      running ??= run();
    },
    async close() {
      isClosed = true;
      next = undefined;
      await running;
    },
  };
}

function servesNothing({ routes, dynamic }: GatewayConfig): boolean {
  return routes.length === 0 && dynamic === undefined;
}

function reportRejected({ log, revision }: ReloadTarget, cause: string, error: unknown): void {
  const kept = { cause, revision };
  if (error instanceof ConfigError) {
    for (const issue of error.issues.filter(({ severity }) => severity === 'error'))
      log.error({ ...kept, kind: issue.kind, source: issue.source }, formatIssue(issue));
  } else {
    const hint = error instanceof CommandError ? { hint: error.hint } : { err: error };
    log.error({ ...kept, ...hint }, error instanceof Error ? error.message : String(error));
  }
  log.error(kept, `configuration not reloaded: revision ${revision} stays in force`);
}
