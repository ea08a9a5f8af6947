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
 * stays.
 */
export function createReloader(options: {
  readonly gateway: ReloadTarget;
  /** Reads the configuration anew. */
  readonly load: () => Promise<GatewayConfig>;
}): Reloader {
  const { gateway, load } = options;
  let running: Promise<void> | undefined;
  let next: string | undefined;
  let isClosed = false;

  const once = async (cause: string): Promise<void> => {
    try {
      const before = gateway.revision;
      const { revision } = await gateway.reload(await load());
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
