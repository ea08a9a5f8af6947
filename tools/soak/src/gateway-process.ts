import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { within } from '@ocelot/test-support';

import { ASK, type ProbeReport } from './probe-report.js';

/** How long the process may take to start, to answer the probe, and to end. */
const START_MS = 30_000;
const REPORT_MS = 30_000;
const END_MS = 30_000;

/** What is started. */
export interface GatewayInit {
  /** The built command: `packages/cli/dist/bin.js`. */
  readonly bin: string;
  /** The built probe. */
  readonly probe: string;
  /** The `ocelot.json`. */
  readonly file: string;
  /** Each line of its log. */
  readonly log: (line: string) => void;
}

/** The gateway under test: the built command in a process of its own, with the probe as a plugin. */
export class GatewayProcess {
  readonly #child: ChildProcess;
  readonly #logClosed: Promise<unknown>;
  /** Fulfilled with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  #port = 0;

  private constructor(child: ChildProcess, log: (line: string) => void) {
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(`not started: ${error.message}`));
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'ended'));
    });
    if (child.stderr === null) throw new Error('the log of the gateway is not connected');
    const lines = createInterface({ input: child.stderr });
    lines.on('line', log);
    this.#logClosed = once(lines, 'close');
  }

  /** Starts it and waits until it accepts. */
  static async start(init: GatewayInit): Promise<GatewayProcess> {
    const args = ['run', init.file, '--port', '0', '--log-format', 'json', '--log-level', 'info'];
    const child = spawn(
      process.execPath,
      // The probe counts objects with an interface that Node calls experimental.
      [
        '--expose-gc',
        '--disable-warning=ExperimentalWarning',
        '--unhandled-rejections=strict',
        init.bin,
        ...args,
        '--plugin',
        init.probe,
      ],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, NO_COLOR: '1' } },
    );
    const started = new GatewayProcess(child, init.log);
    let printed = '';
    const port = new Promise<number>((resolve, reject) => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(printed)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
      void started.ended.then((code) => reject(new Error(`the gateway did not start: it ended with ${code}`)));
    });
    try {
      started.#port = await within(port, 'the gateway to accept', START_MS);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return started;
  }

  get port(): number {
    return this.#port;
  }
  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Open file descriptors, where the system tells (Linux); else 0. */
  get descriptors(): number {
    const folder = `/proc/${this.#child.pid}/fd`;
    return existsSync(folder) ? readdirSync(folder).length : 0;
  }

  /** Asks the probe. @throws Error when the gateway is gone or does not answer. */
  async report(): Promise<ProbeReport> {
    if (!this.isRunning) throw new Error('the gateway is not running any more');
    const answer = once(this.#child, 'message').then(([report]) => report as ProbeReport);
    this.#child.send(ASK);
    return within(answer, 'the report of the probe', REPORT_MS);
  }

  /** Makes it read its configuration again. */
  reload(): void {
    this.#child.kill('SIGHUP');
  }

  /** Asks it to end, waits, and for the last line of its log too. @returns its exit code, or how it had to be ended. */
  async stop(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    try {
      const code = await within(this.ended, 'the end of the gateway', END_MS);
      await within(this.#logClosed, 'the end of its log', END_MS);
      return code;
    } catch (error) {
      this.kill();
      return error instanceof Error ? error.message : String(error);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
