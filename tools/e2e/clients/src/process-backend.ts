import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

import { within } from '@ocelot/test-support';

import { freePort } from '../../src/free-port.ts';
import { temporaryFolder } from '../../src/run-ocelot.ts';

import type { NeededProgram } from './needed-program.ts';
import type { StackBackend } from './real-backend.ts';

/** Longest wait for a server to accept; a laden machine needs a second or two. */
const START_MS = 15_000;

/** How often another port is tried when something else has taken the first. */
const ATTEMPTS = 3;

/** How a server is started. */
export interface ProcessPlan {
  readonly program: NeededProgram;
  /** Writes what the server reads into `folder`, which is its working directory, and returns its arguments. */
  prepare(folder: string, port: number): Promise<readonly string[]>;
  /** What is to be done each time the server accepts, before anybody visits it. */
  started?(port: number): Promise<void>;
}

/** A server in a process of its own, on a port that stays its own while it is stopped and started again. */
export class ProcessBackend implements StackBackend {
  readonly name: string;
  readonly #plan: ProcessPlan;
  #port = 0;
  #running: { readonly child: ChildProcess; readonly remove: () => Promise<void> } | undefined;

  constructor(name: string, plan: ProcessPlan) {
    this.name = name;
    this.#plan = plan;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts the process and waits until it accepts. @throws Error with what it printed when it does not. */
  async start(): Promise<void> {
    const isFirst = this.#port === 0;
    for (let attempt = 1; ; attempt += 1) {
      if (isFirst) this.#port = await freePort();
      try {
        await this.#launch();
        return;
      } catch (error) {
        await this.crash();
        if (!isFirst || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Kills the process and waits for its end. */
  async crash(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { child } = running;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await within(ended, `the end of ${this.name}`);
    }
    await running.remove();
  }

  async restart(): Promise<void> {
    await this.crash();
    await this.start();
  }

  async #launch(): Promise<void> {
    const folder = await temporaryFolder();
    const args = await this.#plan.prepare(folder.path, this.#port);
    const { path, environment } = this.#plan.program;
    const child = spawn(path, args, { cwd: folder.path, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => void (output += text));
    }
    this.#running = { child, remove: () => folder.remove() };
    let failed: Error | undefined;
    child.once('error', (error) => (failed = error));
    child.once('exit', (code, signal) => (failed ??= new Error(`${path} ended with ${code ?? signal}:\n${output}`)));
    const until = Date.now() + START_MS;
    while (!(await accepts(this.#port))) {
      if (failed) throw failed;
      if (Date.now() > until) throw new Error(`${path} does not accept on ${this.#port}:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (failed) throw failed;
    await this.#plan.started?.(this.#port);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
