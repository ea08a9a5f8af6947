import { runOcelot, type RunningOcelot } from './run-ocelot.js';
import { Refused, talk, type Talker } from './talk.js';

/** A running gateway with workers, and what tests ask about them. */
export interface RunningWorkers extends RunningOcelot {
  /** The processes of all workers that ever accepted, in that order. */
  pids(): readonly number[];
  /** The present process of one worker. */
  pidOf(worker: number): number;
  /** Opens sockets one after the other. */
  open(count: number, options?: { readonly path?: string; readonly cookie?: string }): Promise<Talker[]>;
  /** How an upgrade is answered: 101, or the status of its refusal. The socket stays open. */
  statusOf(path?: string): Promise<number>;
  /** Cuts every socket that was opened here, ends the gateway at once, and gives back which worker outlived it. */
  end(): Promise<readonly number[]>;
}

/** Whether a log line says that a worker accepts connections. */
export function accepts(line: Record<string, unknown>): boolean {
  return line['msg'] === 'worker accepts connections';
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Starts a gateway in several processes. End it with `end`. */
export async function runWorkers(config: object, workers: number, ...args: string[]): Promise<RunningWorkers> {
  const gateway = await runOcelot(config, { args: ['--workers', String(workers), ...args] });
  // Written before the address, but to another pipe.
  await gateway.log(({ msg }) => msg === 'gateway started');
  const opened: Talker[] = [];
  const openOne = async (path: string, cookie: string): Promise<Talker> => {
    const headers = cookie === '' ? {} : { cookie };
    const talker = await talk(`ws://${gateway.authority}${path}`, { headers });
    talker.socket.on('error', () => undefined);
    opened.push(talker);
    return talker;
  };
  const accepted = (): Record<string, unknown>[] => gateway.logs().filter(accepts);
  return {
    ...gateway,
    pids: () => accepted().map(({ pid }) => Number(pid)),
    pidOf: (worker) => Number(accepted().findLast((line) => line['worker'] === worker)?.['pid']),
    async open(count, { path = '/room', cookie = '' } = {}) {
      const talkers: Talker[] = [];
      for (let index = 0; index < count; index += 1) talkers.push(await openOne(path, cookie));
      return talkers;
    },
    async statusOf(path = '/room') {
      try {
        await openOne(path, '');
        return 101;
      } catch (error) {
        if (error instanceof Refused) return error.status;
        throw error;
      }
    },
    async end() {
      for (const { socket } of opened) socket.terminate();
      gateway.signal('SIGTERM');
      // Not at once: of two equal signals that are pending the kernel delivers one.
      const again = setInterval(() => gateway.signal('SIGTERM'), 200);
      await gateway.ended().finally(() => clearInterval(again));
      return accepted()
        .map(({ pid }) => Number(pid))
        .filter(isAlive);
    },
  };
}
