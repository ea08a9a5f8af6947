import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import type { Logger } from '@ocelot/core';

import { CommandError } from '../command-error.js';
import type { RunFlags } from '../commands/run.js';
import { openConfiguration } from '../configuration-source.js';
import { probePort } from '../front/open-port.js';
import { clearSocketFile, unixSocketOf } from '../front/unix-socket-file.js';
import { loadPlugins } from '../load-plugins.js';
import { createReloader } from '../reload.js';
import { type RunningGateway, reportWarnings } from '../running-gateway.js';
import type { Terminal } from '../terminal.js';
import { ControlAddress } from '../control/control-address.js';
import { canReusePort } from './accept-mode.js';
import { ControlHub } from './control-hub.js';
import { LedgerDesk } from './ledger-desk.js';
import { LoadHub, type LoadMember } from './load-hub.js';
import { NoteHub, type NoteMember } from './note-hub.js';
import { WorkerPool } from './worker-pool.js';
import { WorkerProcess } from './worker-process.js';

/** Beside the executable in the built package. */
const WORKER_FILE = fileURLToPath(new URL('./worker-bin.js', import.meta.url));

/**
 * Starts a gateway in several processes. This one, the primary, reads the configuration, watches it and keeps the
 * workers; they set the plugins up and carry the sockets.
 *
 * Workers write their log to the standard error of this process, whatever `terminal` says.
 * @param atEnd is given what ends every worker that is left, also when the start fails or is given up.
 * @throws CommandError, ConfigError as `startGateway`, once, whichever worker failed; no worker is left then.
 */
export async function startWorkers(
  paths: readonly string[],
  flags: RunFlags & { readonly workers: number },
  terminal: Terminal,
  log: Logger,
  atEnd: (end: () => Promise<void>) => void,
): Promise<RunningGateway> {
  if (!cluster.isPrimary)
    throw new CommandError(
      'This process is a worker of node:cluster itself and can start no workers.',
      'Leave --workers out, or call the command from the primary process.',
    );
  const { host, port, socketMode, configModule, plugin, logFormat: format, logLevel: level } = flags;
  // Their modules are loaded here as well: the configuration module may name the files. None is set up.
  const definition = await loadPlugins({ cwd: terminal.cwd, configModule, plugins: plugin });
  const named = paths.length > 0 ? paths : (definition.config ?? []);
  const source = openConfiguration(named, definition.plugins, terminal, log);
  const config = await source.load();
  reportWarnings(config, log);
  const path = unixSocketOf(host);
  const reusePort = path === undefined && canReusePort();
  if (path !== undefined) await clearSocketFile(path);
  if (reusePort && port !== 0) await probePort(host, port);
  const control = await ControlAddress.open(config, terminal, log);
  atEnd(() => control.close());
  const hub = new ControlHub(log);
  const meeting = new MeetingPoint(hub);
  const pool = new WorkerPool(
    {
      size: flags.workers,
      common: {
        host,
        reusePort,
        socketMode,
        cwd: terminal.cwd,
        configModule,
        plugin,
        log: { format, level },
        ticketSecret: randomBytes(32).toString('base64'),
        groupSecret: randomBytes(32).toString('base64'),
      },
      port,
      requireDiscovery: flags.requireDiscovery === true,
      fork: (worker) => meeting.fork(worker, terminal.cwd),
      told: () => hub.told,
      accepts: (process, controls, told) => hub.joined(process, controls, told),
      gone: (process) => meeting.left(process),
      log,
    },
    config,
  );
  atEnd(() => pool.kill());
  const told = (error: unknown): never => {
    throw source.placed(error);
  };
  const url = await pool.start().catch(told);
  control.attach(hub);
  const reloader = createReloader({
    gateway: {
      log,
      get revision() {
        return pool.revision;
      },
      reload: (next) => control.follow(next, () => pool.reload(next)).catch(told),
    },
    config,
    load: () => source.load(),
  });
  const watch = await source.watch({ files: flags.watch === true, changed: (cause) => reloader.request(cause) });
  const accepting = reusePort ? 'each worker' : 'primary';
  log.info(
    { url, routes: config.routes.length, files: source.names, workers: flags.workers, accepting },
    'gateway started',
  );
  return {
    url,
    openSessions: undefined,
    get drainDeadlineMs() {
      return pool.config.settings.drain.deadlineMs;
    },
    failed: pool.failed,
    reload: (cause) => reloader.request(cause),
    async stop(cause) {
      control.draining();
      const stopped = pool.stop(cause);
      await Promise.all([watch.close(), reloader.close()]);
      const code = await stopped;
      await control.close();
      return code;
    },
  };
}

/** Where workers meet: forks them and answers what they ask of each other. */
class MeetingPoint {
  readonly #desk = new LedgerDesk();
  readonly #hub = new LoadHub();
  readonly #notes = new NoteHub();
  readonly #controls: ControlHub;
  readonly #members = new Map<WorkerProcess, LoadMember & NoteMember>();

  constructor(controls: ControlHub) {
    this.#controls = controls;
  }

  fork(worker: number, cwd: string): WorkerProcess {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ exec: WORKER_FILE, args: [], cwd, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const process: WorkerProcess = new WorkerProcess(worker, cluster.fork(), (message) => {
      if (message.type === 'ownLoads') this.#hub.report(member, message.loads);
      else if (message.type === 'ownNotes') this.#notes.report(member, message.notes);
      else if (message.type === 'controlAnswer') this.#controls.take(message.id, message.answer);
      else if (message.type === 'claim' || message.type === 'release') {
        const answer = this.#desk.take(process, message);
        if (answer !== undefined) process.send(answer);
      }
    });
    const member: LoadMember & NoteMember = {
      tell: (loads, done) => process.send({ type: 'foreignLoads', loads }, done),
      tellNotes: (notes, done) => process.send({ type: 'foreignNotes', notes }, done),
    };
    this.#members.set(process, member);
    this.#hub.joined(member);
    this.#notes.joined(member);
    return process;
  }

  left(process: WorkerProcess): void {
    this.#controls.left(process);
    const member = this.#members.get(process);
    if (member === undefined) return;
    this.#members.delete(process);
    this.#hub.left(member);
    this.#notes.left(member);
    this.#desk.left(process);
  }
}
