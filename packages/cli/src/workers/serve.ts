import cluster from 'node:cluster';

import type { GatewayConfig, Logger } from '@ocelot/core';

import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { probePort } from '../front/open-port.js';
import { unixSocketOf } from '../front/unix-socket-file.js';
import { loadPlugins } from '../load-plugins.js';
import { createLog } from '../log.js';
import { type OpenGateway, openGateway } from '../open-gateway.js';
import type { Terminal } from '../terminal.js';
import { CLOSE_GRACE_MS, withinLimits } from '../within-limits.js';
import { frozen } from './frozen.js';
import type { Assignment, FromWorker, ToWorker } from './messages.js';
import { RemoteLedger } from './remote-ledger.js';
import { RemoteLoads } from './remote-loads.js';
import { RemoteNotes } from './remote-notes.js';
import { repeatCalls, serveControls } from './worker-controls.js';
import { describeFailure } from './worker-failure.js';

/** A primary that lives assigns within milliseconds. */
const ASSIGNMENT_LIMIT_MS = 60_000;

/**
 * The life of a worker process: takes its assignment, runs a gateway, and ends when the primary says so or is gone.
 * @returns what the process shall end with. Never throws.
 */
export async function serve(terminal: Terminal): Promise<ExitCode> {
  const primary = new PrimaryChannel();
  try {
    const assignment = await primary.assignment();
    const log = await createLog({ ...assignment.log, worker: assignment.worker }, terminal);
    terminal.reportCrashes((error) => log.error({ err: error }, 'unexpected failure, the worker ends'));
    return await new ServingWorker(primary, assignment, { ...terminal, cwd: assignment.cwd }, log).live();
  } catch (error) {
    if (error instanceof StoppedBeforeStart) return EXIT_CODES.done;
    // The primary reports it. Without one there is nobody who would want to know.
    await primary.sendLast({ type: 'failed', failure: describeFailure(error) });
    return EXIT_CODES.failure;
  }
}

/** A stop that came before there was anything to stop. */
class StoppedBeforeStart extends Error {}

/** The channel to the primary, from its first message to its end. */
class PrimaryChannel {
  readonly #listeners = new Set<(message: ToWorker) => void>();
  /** Fulfilled with the cause when the primary says stop, or is gone. */
  readonly stop: Promise<string>;

  constructor() {
    this.stop = new Promise((resolve) => {
      cluster.worker?.once('disconnect', () => {
        // Else Node ends the process at once, with every socket in it.
        if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
        resolve('the primary process is gone');
      });
      this.on((message) => {
        if (message.type === 'stop') resolve(message.cause);
        else if (message.type === 'ping') this.send({ type: 'pong' });
      });
    });
    process.on('message', (message: ToWorker) => {
      for (const listener of this.#listeners) listener(message);
    });
  }

  on(listener: (message: ToWorker) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Says hello and waits for what to do.
   * @throws StoppedBeforeStart
   */
  async assignment(): Promise<Assignment> {
    const assigned = new Promise<Assignment>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nobody said what to do')), ASSIGNMENT_LIMIT_MS);
      this.on((message) => {
        if (message.type !== 'assign') return;
        clearTimeout(timer);
        resolve(message);
      });
      void this.stop.then((cause) => {
        clearTimeout(timer);
        reject(new StoppedBeforeStart(cause));
      });
    });
    this.send({ type: 'hello' });
    return assigned;
  }

  /** Sends; `sent` is called once the channel took it, or when there is no channel any more. */
  send(message: FromWorker, sent: () => void = () => undefined): void {
    if (process.connected && process.send !== undefined) process.send(message, undefined, {}, () => sent());
    else sent();
  }

  /** Sends before the process ends, but does not wait for a primary that reads nothing. */
  sendLast(message: FromWorker): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1_000);
      this.send(message, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** A gateway under the orders of the primary. */
class ServingWorker {
  readonly #primary: PrimaryChannel;
  readonly #assignment: Assignment;
  readonly #terminal: Terminal;
  readonly #log: Logger;
  /** Orders come while the gateway starts, and are carried out one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(primary: PrimaryChannel, assignment: Assignment, terminal: Terminal, log: Logger) {
    this.#primary = primary;
    this.#assignment = assignment;
    this.#terminal = terminal;
    this.#log = log;
  }

  /** @throws what the start failed with. */
  async live(): Promise<ExitCode> {
    const { worker, workers, groupSecret } = this.#assignment;
    const ledger = new RemoteLedger((message) => this.#primary.send(message));
    const loads = new RemoteLoads((own, done) => this.#primary.send({ type: 'ownLoads', loads: own }, done));
    const notes = new RemoteNotes((own, done) => this.#primary.send({ type: 'ownNotes', notes: own }, done));
    this.#primary.on((message) => {
      if (message.type === 'granted' || message.type === 'refused') ledger.take(message);
      else if (message.type === 'foreignLoads') loads.take(message.loads);
      else if (message.type === 'foreignNotes') notes.take(message.notes);
    });
    const member = { index: worker - 1, size: workers, secret: groupSecret };
    const starting = this.#open({ member, ledger, loads, notes });
    this.#primary.on((message) => {
      if (message.type === 'reload') this.#work = this.#work.then(async () => this.#reload(await starting, message));
    });
    const open = await starting;
    const controls = serveControls(this.#primary, open.gateway);
    this.#primary.send({ type: 'accepting', url: open.url, revision: open.gateway.revision, controls });
    const cause = await this.#primary.stop;
    this.#log.info({ cause, openSessions: open.gateway.openSessions }, 'worker stops: open sockets are asked to leave');
    const limitMs = open.config.settings.drain.deadlineMs + CLOSE_GRACE_MS;
    return withinLimits(this.#close(open), limitMs, never, this.#log);
  }

  async #open(group: NonNullable<Parameters<typeof openGateway>[0]['group']>): Promise<OpenGateway> {
    const { config, configModule, plugin, host, reusePort, requireDiscovery, revision, ticketSecret } =
      this.#assignment;
    // The primary knows the socket it shares by the number asked for: it must be one that a replacement can name.
    const isNumberOpen = this.#assignment.port === 0 && !reusePort && unixSocketOf(host) === undefined;
    const port = isNumberOpen ? await probePort(host, 0) : this.#assignment.port;
    const { plugins } = await loadPlugins({ cwd: this.#terminal.cwd, configModule, plugins: plugin });
    return openGateway({
      config: frozen(config),
      plugins,
      requireDiscovery,
      host,
      port,
      reusePort,
      socketMode: this.#assignment.socketMode,
      log: this.#log,
      group,
      firstRevision: revision,
      ticketSecret: Buffer.from(ticketSecret, 'base64'),
      beforeListening: (gateway) => repeatCalls(gateway, this.#assignment.told),
    });
  }

  async #reload(open: OpenGateway, { config }: { readonly config: GatewayConfig }): Promise<void> {
    try {
      const { revision } = await open.reload(frozen(config));
      this.#primary.send({ type: 'reloaded', revision });
    } catch (error) {
      this.#primary.send({ type: 'rejected', failure: describeFailure(error) });
    }
  }

  async #close(open: OpenGateway): Promise<ExitCode> {
    open.stopAccepting();
    await this.#work;
    const { clean, killed, unfinished } = await open.close();
    await this.#primary.sendLast({ type: 'stopped', clean, killed, unfinished });
    return EXIT_CODES.done;
  }
}

/** Nobody forces a worker: the primary kills it. */
const never = new Promise<void>(() => undefined);
