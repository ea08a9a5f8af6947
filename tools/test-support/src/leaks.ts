import { eventually } from './deadline.js';

/** Watches for what no test may leave behind. */
export interface LeakWatch {
  /**
   * Waits until no more sockets, servers and pipes are open than at the start, then fails if an exception or a
   * rejection went unhandled meanwhile. Call it once, after everything was closed.
   */
  verify(): Promise<void>;
}

const WATCHED = new Set(['TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'PipeWrap', 'PipeServerWrap', 'ProcessWrap']);

/** Begins to watch. The traps also keep the process alive, so a test sees the failure instead of a dead runner. */
export function collectLeaks(): LeakWatch {
  const before = openResources();
  const unhandled: unknown[] = [];
  const trap = (error: unknown): void => {
    unhandled.push(error);
  };
  process.on('uncaughtException', trap);
  process.on('unhandledRejection', trap);
  return {
    async verify() {
      try {
        await eventually(
          () => openResources() <= before,
          `every socket and server is closed (open: ${process.getActiveResourcesInfo().join(', ')})`,
        );
      } finally {
        process.off('uncaughtException', trap);
        process.off('unhandledRejection', trap);
      }
      if (unhandled.length > 0) throw new AggregateError(unhandled, 'errors went unhandled');
    },
  };
}

function openResources(): number {
  return process.getActiveResourcesInfo().filter((name) => WATCHED.has(name)).length;
}
