import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findConsul } from '../../consul/fetch.mjs';
import { eventually, within } from './deadline.js';

/** A service that is registered to see whether registrations arrive. */
const PROBE = 'ocelot-probe';

/** How long an agent may take to start; a laden machine needs a second or two. */
const START_MS = 20_000;

/** How an agent differs from a plain one. */
export interface ConsulOptions {
  /** Turns access control on: everything is denied but to the holder of this token (a UUID). */
  readonly masterToken?: string;
  /** Keeps services and keys over a restart, as a server in production does; a dev agent begins empty. */
  readonly keepsData?: boolean;
}

/** What is registered: one instance of a service. */
export interface ConsulService {
  readonly name: string;
  /** @default the name */
  readonly id?: string;
  /** Empty: the instance has no address of its own, and is reached at its node's. @default "127.0.0.1" */
  readonly address?: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly weights?: { readonly Passing: number; readonly Warning: number };
  /** Adds a check that {@link TestConsul.setCheck} moves; it begins with this state. @default no check */
  readonly check?: CheckState;
}

/** What a check says. */
export type CheckState = 'passing' | 'warning' | 'critical';

/** An answer of the agent. */
export interface ConsulAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Whether a real Consul can be had here. Where it cannot, says so in one loud line; use it as
 * `describe.skipIf(!(await consulAvailable()))`.
 * @throws Error when it cannot be had and the environment variable CI is set: there a skip is a failure.
 */
export async function consulAvailable(): Promise<boolean> {
  const found = await findConsul();
  if ('path' in found) return true;
  if (process.env['CI']) throw new Error(`no Consul, and in CI nothing is skipped: ${found.reason}`);
  process.stderr.write(`\nSKIPPED: every test that needs a real Consul. ${found.reason}\n`);
  return false;
}

/** Starts a real Consul server with one agent on free ports of 127.0.0.1 and waits until it has a leader. */
export async function startConsul(options: ConsulOptions = {}): Promise<TestConsul> {
  const found = await findConsul();
  if (!('path' in found)) throw new Error(`no Consul: ${found.reason}`);
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'ocelot-consul-'));
    const agent = new TestConsul(found.path, folder, await freePorts(4), options);
    try {
      await agent.start();
      return agent;
    } catch (error) {
      await agent.stop();
      // Another process may have taken one of the ports in between.
      if (attempt === 3) throw error;
    }
  }
}

/** A running Consul. Whoever started it stops it. */
export class TestConsul {
  readonly host: string = '127.0.0.1';
  readonly port: number;
  readonly #path: string;
  readonly #folder: string;
  readonly #ports: readonly number[];
  readonly #options: ConsulOptions;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(path: string, folder: string, ports: readonly number[], options: ConsulOptions) {
    this.#path = path;
    this.#folder = folder;
    this.#ports = ports;
    this.#options = options;
    this.port = ports[0] ?? 0;
  }

  /** Begins again on the same port after {@link kill}. A dev agent has forgotten everything then. */
  async start(): Promise<void> {
    const agent = spawn(this.#path, this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = agent;
    this.#output = '';
    for (const stream of [agent.stdout, agent.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4_000);
      });
    }
    agent.on('error', (error) => {
      this.#output += String(error);
    });
    try {
      await eventually(() => this.#isReady(agent), 'Consul has a leader', START_MS);
      await this.#isInStep();
    } catch (error) {
      throw new Error(`Consul did not start: ${this.#output}`, { cause: error });
    }
  }

  /** Ends the process at once, as a crash would. The folder stays, {@link start} may follow. */
  async kill(): Promise<void> {
    const agent = this.#process;
    this.#process = undefined;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const ended = once(agent, 'exit');
    agent.kill('SIGKILL');
    await within(ended, 'the end of Consul');
  }

  /** {@link kill}, then {@link start}. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
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

  async register(service: ConsulService): Promise<void> {
    const { name, id = name, address = '127.0.0.1', port, tags = [], meta = {}, weights, check } = service;
    await this.#put('/v1/agent/service/register', {
      Name: name,
      ID: id,
      Address: address,
      Port: port,
      Tags: tags,
      Meta: meta,
      ...(weights === undefined ? {} : { Weights: weights }),
      ...(check === undefined ? {} : { Check: { CheckID: `check-${id}`, TTL: '1h', Status: check } }),
    });
  }

  /** Takes an instance out; one that is not there is no error. */
  async deregister(id: string): Promise<void> {
    const { status, body } = await this.call('PUT', `/v1/agent/service/deregister/${encodeURIComponent(id)}`);
    if (status !== 200 && !body.includes('Unknown service')) {
      throw new Error(`Consul answered the deregistration of ${id} with ${status}: ${body}`);
    }
  }

  /** Moves the check of an instance that was registered with one. */
  async setCheck(id: string, state: CheckState): Promise<void> {
    await this.#put(`/v1/agent/check/update/check-${encodeURIComponent(id)}`, { Status: state });
  }

  async putKey(key: string, value: string): Promise<void> {
    await this.#put(`/v1/kv/${key}`, value);
  }

  async deleteKey(key: string): Promise<void> {
    await this.call('DELETE', `/v1/kv/${key}`);
  }

  /** The text of a key; undefined when there is none. */
  async key(key: string): Promise<string | undefined> {
    const { status, body } = await this.call('GET', `/v1/kv/${key}?raw`);
    return status === 200 ? body : undefined;
  }

  /** Calls the HTTP interface with the master token, if there is one. */
  call(method: string, path: string, body?: string): Promise<ConsulAnswer> {
    const { masterToken } = this.#options;
    const headers = masterToken === undefined ? {} : { 'x-consul-token': masterToken };
    return new Promise((resolve, reject) => {
      const call = request({ host: this.host, port: this.port, method, path, headers, agent: false, timeout: 5_000 });
      call.on('error', reject);
      call.on('timeout', () => call.destroy(new Error(`Consul did not answer ${method} ${path}`)));
      call.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
      });
      call.end(body);
    });
  }

  async #put(path: string, body?: object | string): Promise<void> {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const answer = await this.call('PUT', path, text);
    if (answer.status !== 200) throw new Error(`Consul answered PUT ${path} with ${answer.status}: ${answer.body}`);
  }

  async #isReady(agent: ChildProcess): Promise<boolean> {
    if (agent.exitCode !== null || agent.pid === undefined) throw new Error('the process has ended');
    // The node itself arrives in the catalogue a moment after the leader: registrations before that may be refused.
    return this.#lists('consul');
  }

  /**
   * Sees a registration through to the catalogue. An agent whose first synchronisation came before the leader takes
   * note of registrations and passes none on for 15 to 30 seconds (`retryFailIntv` in Consul's agent/ae/ae.go).
   */
  async #isInStep(): Promise<void> {
    await this.register({ name: PROBE, port: 1 });
    await eventually(() => this.#lists(PROBE), 'the agent passes registrations on', START_MS);
    await this.deregister(PROBE);
    await eventually(async () => !(await this.#lists(PROBE)), 'the agent passes departures on', START_MS);
  }

  async #lists(service: string): Promise<boolean> {
    // An agent that does not answer yet lists nothing; whoever waits says so in time.
    const answer = await this.call('GET', `/v1/health/service/${service}`).catch(() => undefined);
    return answer?.status === 200 && answer.body.includes('"Service":');
  }

  #arguments(): readonly string[] {
    const [http, server, serfLan, serfWan] = this.#ports;
    const { masterToken, keepsData = false } = this.#options;
    const mode = keepsData ? '-server -bootstrap-expect 1' : '-dev';
    const settings = [
      'disable_update_check = true',
      'ports { grpc = -1 }',
      'performance { raft_multiplier = 1 }',
      ...(masterToken === undefined
        ? []
        : [
            `acl { enabled = true default_policy = "deny" tokens { master = "${masterToken}" agent = "${masterToken}" } }`,
          ]),
    ];
    return [
      `agent ${mode} -bind ${this.host} -client ${this.host} -disable-host-node-id -log-level warn`,
      `-node ocelot-node -dns-port -1 -http-port ${http} -server-port ${server}`,
      `-serf-lan-port ${serfLan} -serf-wan-port ${serfWan}`,
    ]
      .flatMap((words) => words.split(' '))
      .concat(keepsData ? ['-data-dir', join(this.#folder, 'data')] : [])
      .concat(settings.flatMap((setting) => ['-hcl', setting]));
  }
}

/** Ports nobody listens on now. All are held until the last is found, so none comes twice. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}
