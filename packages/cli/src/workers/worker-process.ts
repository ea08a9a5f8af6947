import type { Worker } from 'node:cluster';

import type { GatewayConfig } from '@ocelot/core';

import { Heartbeat } from './heartbeat.js';
import type { Assignment, FromWorker, ToWorker } from './messages.js';
import { revivedFailure } from './worker-failure.js';

/** From the fork to the open port. Plugins may have to connect to something first. */
const START_LIMIT_MS = 60_000;
/** From the order to the new configuration in force: a gateway waits 3 seconds for first endpoints. */
const RELOAD_LIMIT_MS = 30_000;

/** What a worker asks of, or tells, the others. */
const AMONG_WORKERS: ReadonlySet<FromWorker['type']> = new Set([
  'claim',
  'release',
  'ownLoads',
  'ownNotes',
  'controlAnswer',
]);

/** How a worker's process ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Sessions that ended in order, and that were cut, when it was told to stop; undefined when it said nothing. */
  readonly drained: { readonly clean: number; readonly killed: number; readonly unfinished: number } | undefined;
}

/** A step that a worker is asked to take and that it answers. */
interface Step {
  readonly done: (answer: FromWorker) => void;
  readonly fail: (error: Error) => void;
}

/** One worker, seen from the primary: its process and its channel. A replacement is another object. */
export class WorkerProcess {
  readonly worker: number;
  readonly pid: number;
  /** Fulfilled when the process is gone; never rejected. */
  readonly ended: Promise<WorkerEnd>;
  /** Fulfilled when its channel is closed: it can be told nothing any more. */
  readonly disconnected: Promise<void>;
  /** Fulfilled when it has accepted connections and says nothing any more, with for how long. */
  readonly silent: Promise<number>;
  readonly #process: Worker;
  readonly #received: (message: FromWorker) => void;
  #heartbeat: Heartbeat | undefined;
  #tellSilent: (forMs: number) => void = () => undefined;
  #step: Step | undefined;
  #drained: WorkerEnd['drained'];
  #hasEnded = false;

  /**
   * @param process just forked.
   * @param received told of messages that answer no step: claims, releases, loads, notes, answers of control calls.
   */
  constructor(worker: number, process: Worker, received: (message: FromWorker) => void) {
    this.worker = worker;
    this.pid = process.process.pid ?? 0;
    this.#process = process;
    this.#received = received;
    process.on('message', (message: FromWorker) => this.#take(message));
    // A process that cannot be spawned or written to; what it means comes with `exit` or with a limit.
    process.on('error', (error) => this.#step?.fail(error));
    this.silent = new Promise((resolve) => {
      this.#tellSilent = resolve;
    });
    this.disconnected = new Promise((resolve) => {
      process.once('disconnect', () => {
        this.#heartbeat?.close();
        resolve();
      });
    });
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        this.#hasEnded = true;
        this.#heartbeat?.close();
        const how = signal ?? `code ${code}`;
        this.#step?.fail(new Error(`worker ${worker} (process ${this.pid}) ended with ${how}`));
        resolve({ code, signal, drained: this.#drained });
      };
      process.once('exit', end);
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Makes the process a gateway.
   * @throws CommandError, ConfigError as `startGateway`; Error when the process ends or takes too long.
   */
  async start(assignment: Assignment): Promise<Extract<FromWorker, { readonly type: 'accepting' }>> {
    await this.#next(START_LIMIT_MS, 'a sign of life');
    this.send({ type: 'assign', ...assignment });
    const answer = await this.#next(START_LIMIT_MS, 'its start');
    if (answer.type === 'accepting') {
      this.#heartbeat = new Heartbeat({ ask: () => this.send({ type: 'ping' }), silent: this.#tellSilent });
      return answer;
    }
    throw unexpected(answer);
  }

  /**
   * Puts another configuration in force. One at a time.
   * @returns the revision that the worker is at.
   * @throws ConfigError when it cannot be used: the worker then goes on with the one it has. Error when the process
   *   ends or takes too long.
   */
  async reload(config: GatewayConfig): Promise<number> {
    this.send({ type: 'reload', config });
    const answer = await this.#next(RELOAD_LIMIT_MS, 'its reload');
    if (answer.type === 'reloaded') return answer.revision;
    throw unexpected(answer);
  }

  /** Asks it to drain and to end. */
  stop(cause: string): void {
    this.send({ type: 'stop', cause });
  }

  /** Ends it now. */
  kill(): void {
    if (!this.#hasEnded) this.#process.process.kill('SIGKILL');
  }

  /** Sends without waiting. `sent` is called once the channel took it, or when it is closed. */
  send(message: ToWorker, sent: () => void = () => undefined): void {
    // A closed channel is no news: the worker ends by itself then, and `ended` says so.
    if (this.#process.isConnected()) this.#process.send(message, undefined, sent);
    else sent();
  }

  #take(message: FromWorker): void {
    this.#heartbeat?.heard();
    if (message.type === 'pong') return;
    if (AMONG_WORKERS.has(message.type)) this.#received(message);
    else if (message.type === 'stopped') {
      const { clean, killed, unfinished } = message;
      this.#drained = { clean, killed, unfinished };
    } else this.#step?.done(message);
  }

  #next(limitMs: number, what: string): Promise<FromWorker> {
    return new Promise<FromWorker>((done, fail) => {
      const timer = setTimeout(() => {
        fail(new Error(`worker ${this.worker} (process ${this.pid}) did not answer within ${limitMs} ms: ${what}`));
        this.kill(); // Nobody can know what it does next.
      }, limitMs);
      const over = (): void => {
        clearTimeout(timer);
        this.#step = undefined;
      };
      this.#step = {
        done: (answer) => {
          over();
          done(answer);
        },
        fail: (error) => {
          over();
          fail(error);
        },
      };
      if (this.#hasEnded) this.#step.fail(new Error(`worker ${this.worker} (process ${this.pid}) has ended`));
    });
  }
}

function unexpected(answer: FromWorker): Error {
  if (answer.type === 'failed' || answer.type === 'rejected') return revivedFailure(answer.failure);
  return new Error(`a worker answered with "${answer.type}" where something else was due`);
}
