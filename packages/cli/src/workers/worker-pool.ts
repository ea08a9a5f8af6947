import type { GatewayConfig, Logger } from '@ocelot/core';

import { CommandError } from '../command-error.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { CLOSE_GRACE_MS } from '../within-limits.js';
import type { ControlCall, ControlQuestion } from '../control/control-desk.js';
import type { Assignment } from './messages.js';
import { HEALTHY_MS, MOST_QUICK_ENDS, RestartPolicy } from './restart-policy.js';
import type { WorkerEnd, WorkerProcess } from './worker-process.js';

/** A killed process is gone at once, unless the kernel has it wait for a device. */
const KILL_LIMIT_MS = 2_000;

/** What every worker is told; the pool adds who it is, the port and the configuration. */
export type CommonAssignment = Omit<
  Assignment,
  'worker' | 'workers' | 'port' | 'config' | 'revision' | 'requireDiscovery' | 'told'
>;

/** What a pool is made of. */
export interface WorkerPoolInit {
  readonly size: number;
  readonly common: CommonAssignment;
  /** As asked for; 0: any free one. */
  readonly port: number;
  readonly requireDiscovery: boolean;
  /** Starts a process. */
  readonly fork: (worker: number) => WorkerProcess;
  /** Control calls that a process which starts now has to be told. */
  readonly told: () => readonly ControlQuestion[];
  /** Told when a process accepts connections, which calls of the control address it answers, and what it was told. */
  readonly accepts: (
    process: WorkerProcess,
    controls: readonly ControlCall[],
    told: readonly ControlQuestion[],
  ) => void;
  /** Told when a process is gone. */
  readonly gone: (process: WorkerProcess) => void;
  readonly log: Logger;
}

/** One worker's place, which its replacements take over. */
interface Place {
  readonly worker: number;
  readonly policy: RestartPolicy;
  process: WorkerProcess | undefined;
  /** When it began to accept; undefined before. */
  acceptingSince: number | undefined;
  /** It was asked to end because it was of no use any more. */
  isRetired: boolean;
  timer: NodeJS.Timeout | undefined;
  /** What its process is at. */
  revision: number;
}

/**
 * The workers of one gateway: starts them, replaces those that end by themselves, keeps all of them on the same
 * configuration, and drains them. Owns their processes.
 */
export class WorkerPool {
  /** Fulfilled when the workers cannot be kept alive; the pool goes on until it is stopped. */
  readonly failed: Promise<CommandError>;
  readonly #init: WorkerPoolInit;
  readonly #places: readonly Place[];
  #config: GatewayConfig;
  #revision = 1;
  /** What workers are told to listen on; 0, any free one, is told to the first only. */
  #port: number;
  #isStopping = false;
  #isStarted = false;
  #fail: (error: CommandError) => void = () => undefined;

  constructor(init: WorkerPoolInit, config: GatewayConfig) {
    this.#init = init;
    this.#config = config;
    this.#port = init.port;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#places = Array.from({ length: init.size }, (_, index) => ({
      worker: index + 1,
      policy: new RestartPolicy(),
      process: undefined,
      acceptingSince: undefined,
      isRetired: false,
      timer: undefined,
      revision: 0,
    }));
  }

  get revision(): number {
    return this.#revision;
  }

  get config(): GatewayConfig {
    return this.#config;
  }

  /**
   * Starts one worker, and once that accepts, the others: what is wrong with configuration, plugins or port shows in
   * the first and is reported once.
   * @returns the address.
   * @throws CommandError, ConfigError, or what else the first failure was. Call `kill` then.
   */
  async start(): Promise<string> {
    const [first, ...others] = this.#places;
    if (first === undefined) throw new Error('a pool has at least one worker');
    const url = await this.#launch(first, this.#init.requireDiscovery);
    // A URL leaves out the port that its scheme implies.
    this.#port = Number(new URL(url).port) || (url.startsWith('https:') ? 443 : 80);
    await Promise.all(others.map((place) => this.#launch(place, this.#init.requireDiscovery)));
    this.#isStarted = true;
    for (const place of this.#places) {
      const { process } = place;
      if (process?.hasEnded === true) void process.ended.then((end) => this.#ended(place, process, end));
    }
    return url;
  }

  /**
   * Puts a configuration in force in all workers, one after the other. The first one decides: what it refuses changes
   * nothing anywhere. A worker that cannot follow the first is replaced.
   * @throws ConfigError when it cannot be used.
   */
  async reload(config: GatewayConfig): Promise<{ readonly revision: number }> {
    const first = this.#places.find(isServing);
    if (first?.process === undefined) throw new Error('no worker accepts connections just now: try again');
    const revision = await first.process.reload(config);
    if (revision === this.#revision) return { revision };
    first.revision = revision;
    this.#config = config;
    this.#revision = revision;
    for (const place of this.#places) if (isServing(place)) await this.#follow(place);
    return { revision };
  }

  /** Drains all workers at the same time. Fulfilled when every process is gone; `kill` hastens that. */
  async stop(cause: string): Promise<ExitCode> {
    this.#isStopping = true;
    for (const { timer } of this.#places) clearTimeout(timer);
    const processes = this.#alive();
    for (const process of processes) process.stop(cause);
    const ends = await Promise.all(processes.map((process) => process.ended));
    const sum = (which: 'clean' | 'killed' | 'unfinished'): number =>
      ends.reduce((total, { drained }) => total + (drained?.[which] ?? 0), 0);
    const unclean = ends.filter(({ code }) => code !== 0).length;
    this.#init.log.info(
      {
        workers: ends.length,
        clean: sum('clean'),
        killed: sum('killed'),
        unfinished: sum('unfinished'),
        ...(unclean > 0 && { unclean }),
      },
      'stopped',
    );
    return unclean === 0 ? EXIT_CODES.done : EXIT_CODES.failure;
  }

  /** Ends every process that is left, now. Fulfilled when they are gone: their port is free then. */
  async kill(): Promise<void> {
    this.#isStopping = true;
    for (const { timer } of this.#places) clearTimeout(timer);
    const processes = this.#alive();
    for (const process of processes) {
      this.#init.log.warn({ worker: process.worker, pid: process.pid }, 'worker killed');
      process.kill();
    }
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, KILL_LIMIT_MS);
    });
    await Promise.race([Promise.all(processes.map((process) => process.ended)), limit]);
    clearTimeout(timer);
  }

  #alive(): readonly WorkerProcess[] {
    return this.#places.flatMap(({ process }) => (process === undefined || process.hasEnded ? [] : [process]));
  }

  /** Starts a process for a place, up to its first accepted connection. */
  async #launch(place: Place, requireDiscovery: boolean): Promise<string> {
    const { fork, common, size, log } = this.#init;
    const process = fork(place.worker);
    Object.assign(place, { process, acceptingSince: undefined, isRetired: false });
    void process.ended.then((end) => this.#ended(place, process, end));
    void process.disconnected.then(() => this.#limit(process));
    void process.silent.then((forMs) => {
      log.error({ worker: place.worker, pid: process.pid, forMs }, 'worker does not answer: it is killed');
      process.kill();
    });
    const told = this.#init.told();
    const { url, revision, controls } = await process.start({
      ...common,
      told,
      worker: place.worker,
      workers: size,
      port: this.#port,
      requireDiscovery,
      config: this.#config,
      revision: this.#revision,
    });
    place.revision = revision;
    try {
      // What was put in force while it started.
      while (place.revision !== this.#revision) await this.#catchUp(place, process);
    } catch (error) {
      process.kill();
      throw error;
    }
    place.acceptingSince = performance.now();
    this.#init.accepts(process, controls, told);
    log.info({ worker: place.worker, pid: process.pid, revision: place.revision }, 'worker accepts connections');
    return url;
  }

  /** Ends a process that was told to leave, or that lost its channel and leaves by itself, if it takes too long. */
  #limit(process: WorkerProcess): void {
    setTimeout(() => process.kill(), this.#config.settings.drain.deadlineMs + CLOSE_GRACE_MS).unref();
  }

  async #catchUp(place: Place, process: WorkerProcess): Promise<void> {
    const revision = this.#revision;
    place.revision = await process.reload(this.#config);
    if (place.revision !== revision)
      throw new Error(`worker ${place.worker} is at revision ${place.revision}, the others are at ${revision}`);
  }

  async #follow(place: Place): Promise<void> {
    const { process } = place;
    if (process === undefined || place.revision === this.#revision) return;
    try {
      await this.#catchUp(place, process);
    } catch (error) {
      if (process.hasEnded) return; // Its replacement begins with the new configuration.
      this.#init.log.error(
        { worker: place.worker, err: error },
        'worker cannot use the configuration that another one uses: it is asked to leave, and replaced',
      );
      place.isRetired = true;
      place.acceptingSince = undefined;
      process.stop('replaced');
      this.#limit(process);
    }
  }

  #ended(place: Place, process: WorkerProcess, { code, signal }: WorkerEnd): void {
    this.#init.gone(process);
    const { log } = this.#init;
    const fields = { worker: place.worker, pid: process.pid, code, signal };
    if (this.#isStopping) {
      if (code !== 0) log.error(fields, 'worker did not end in order');
      return;
    }
    if (!this.#isStarted) return; // `start` fails with the cause, or looks at this once more.
    log[place.isRetired ? 'info' : 'error'](fields, `worker ended by ${signal ?? `exit code ${code}`}`);
    this.#replace(place);
  }

  #replace(place: Place): void {
    if (this.#isStopping) return;
    const { worker, acceptingSince, isRetired, policy } = place;
    const delayMs = isRetired ? 0 : policy.ended(acceptingSince === undefined ? 0 : performance.now() - acceptingSince);
    place.acceptingSince = undefined;
    if (delayMs === undefined) {
      const within = `${HEALTHY_MS / 1000} seconds after its start`;
      this.#fail(
        new CommandError(
          `Worker ${worker} ended ${MOST_QUICK_ENDS} times in a row within ${within}: it is not replaced any more.`,
          'The log lines before say how it ended. A plugin that crashes is the usual cause.',
          EXIT_CODES.failure,
        ),
      );
      return;
    }
    this.#init.log.info({ worker, delayMs }, 'worker is replaced');
    place.timer = setTimeout(() => {
      this.#launch(place, false).catch((error: unknown) => {
        // The end of the process, which brings the next attempt, follows by itself.
        if (!this.#isStopping) this.#init.log.error({ worker, err: error }, 'the replacement of a worker failed');
      });
    }, delayMs);
  }
}

/** Whether it can be told to reload. */
function isServing({ process, acceptingSince }: Place): boolean {
  return process !== undefined && !process.hasEnded && acceptingSince !== undefined;
}
