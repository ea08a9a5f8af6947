import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findProgram } from '../../debian/fetch.mjs';
import { eventually, within } from './deadline.js';

/** How long a server may take to start; a laden machine needs a second. */
const START_MS = 10_000;

/**
 * Whether a real Redis (or Valkey) can be had here. Where it cannot, says so in one loud line; use it as
 * `describe.skipIf(!(await redisAvailable()))`.
 * @throws Error when it cannot be had and the environment variable CI is set: there a skip is a failure.
 */
export async function redisAvailable(): Promise<boolean> {
  const found = await findProgram('redis-server');
  if ('path' in found) return true;
  if (process.env['CI']) throw new Error(`no Redis, and in CI nothing is skipped: ${found.reason}`);
  process.stderr.write(`\nSKIPPED: every test that needs a real Redis. ${found.reason}\n`);
  return false;
}

/** What a server differs in from a plain one. */
export interface RedisOptions {
  readonly password?: string;
  /** Speaks TLS only, with this certificate and key as PEM files; clients need no certificate. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** Starts a real Redis on a free port of 127.0.0.1 that keeps nothing on disk. */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const found = await findProgram('redis-server');
  if (!('path' in found)) throw new Error(`no Redis: ${found.reason}`);
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'ocelot-redis-'));
    const environment = { ...process.env, ...found.environment };
    const server = new TestRedis(found.path, environment, folder, await freePort(), options);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      // Another process may have taken the port in between.
      if (attempt === 3) throw error;
    }
  }
}

/** A running Redis. Whoever started it stops it. */
export class TestRedis {
  readonly port: number;
  /** For clients, with the password where there is one. */
  readonly url: string;
  readonly #path: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #folder: string;
  readonly #options: RedisOptions;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(path: string, environment: NodeJS.ProcessEnv, folder: string, port: number, options: RedisOptions) {
    this.#path = path;
    this.#environment = environment;
    this.#folder = folder;
    this.#options = options;
    this.port = port;
    const { password, tls } = options;
    this.url = `${tls === undefined ? 'redis' : 'rediss'}://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  }

  /** Begins again, empty, on the same port after {@link kill}. */
  async start(): Promise<void> {
    const server = spawn(this.#path, this.#arguments(), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment,
    });
    this.#process = server;
    this.#output = '';
    for (const stream of [server.stdout, server.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4_000);
      });
    }
    server.on('error', (error) => {
      this.#output += String(error);
    });
    try {
      await eventually(
        () => {
          if (server.exitCode !== null) throw new Error('it ended');
          return this.#output.includes('Ready to accept connections');
        },
        'Redis is ready',
        START_MS,
      );
    } catch (error) {
      throw new Error(`Redis did not start: ${this.#output}`, { cause: error });
    }
  }

  #arguments(): readonly string[] {
    const { password, tls } = this.#options;
    const port = String(this.port);
    return [
      ...(tls === undefined ? ['--port', port] : ['--port', '0', '--tls-port', port]),
      ...(tls === undefined ? [] : ['--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile]),
      ...(tls === undefined ? [] : ['--tls-ca-cert-file', tls.certFile, '--tls-auth-clients', 'no']),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--dir',
      this.#folder,
      ...(password === undefined ? [] : ['--requirepass', password]),
    ];
  }

  /** Ends the process at once, as a crash would. {@link start} may follow. */
  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await within(ended, 'the end of Redis');
  }

  /** Ends the process and removes its folder. Idempotent. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Stops the process from running, without ending it: connections stay open and nothing answers. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  /** Ends {@link freeze}. */
  thaw(): void {
    this.#process?.kill('SIGCONT');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
