import {
  eventually,
  rawClient,
  switchingHead,
  upgradeHead,
  type BackendConnection,
  type RawClient,
  type RawHead,
} from '@ocelot/test-support';
import { afterAll, beforeAll, expect } from 'vitest';

import { runOcelot, type RunningOcelot } from '../../src/run-ocelot.js';
import { GatewayProcess, HAS_PROC } from './gateway-process.js';
import { switchboard, type Call, type Switchboard } from './switchboard.js';

/** Header lines laid over the usual ones, as `upgradeHead` takes them. */
export type HeaderLines = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An open WebSocket through the gateway, seen from both of its ends. */
export interface Tunnel {
  readonly client: RawClient;
  readonly backend: BackendConnection;
  /** What the backend was asked. */
  readonly request: RawHead;
  /** What the client was answered. */
  readonly response: RawHead;
}

/** A route that keeps the path, to one or more ports of this machine. */
export function route(path: string, ports: number | readonly number[], extra: object = {}): object {
  const list = typeof ports === 'number' ? [ports] : ports;
  return {
    UpstreamPathTemplate: path,
    DownstreamPathTemplate: path,
    DownstreamScheme: 'ws',
    DownstreamHostAndPorts: list.map((port) => ({ Host: '127.0.0.1', Port: port })),
    ...extra,
  };
}

/** A built gateway as a process, a scripted backend behind it, and the clients of one test file. */
export class Stand {
  /** More of the gateway's environment, set before {@link start}. */
  env: Readonly<Record<string, string>> = {};
  #gateway: RunningOcelot | undefined;
  #backend: Switchboard | undefined;
  #process: GatewayProcess | undefined;
  #idleSockets = 0;
  #targets = 0;
  readonly #clients: RawClient[] = [];

  get gateway(): RunningOcelot {
    if (this.#gateway === undefined) throw new Error('the gateway was not started');
    return this.#gateway;
  }
  get backend(): Switchboard {
    if (this.#backend === undefined) throw new Error('the backend was not started');
    return this.#backend;
  }
  get process(): GatewayProcess {
    if (this.#process === undefined) throw new Error('this system does not tell about processes');
    return this.#process;
  }
  /** Sockets of the gateway when nobody is connected. */
  get idleSockets(): number {
    return this.#idleSockets;
  }

  async start(
    configure: (backendPort: number) => object | Promise<object>,
    args: readonly string[] = [],
  ): Promise<void> {
    this.#backend = await switchboard();
    this.#gateway = await runOcelot(await configure(this.#backend.port), { args, env: this.env });
    if (!HAS_PROC) return;
    this.#process = new GatewayProcess(this.#gateway.port);
    this.#idleSockets = this.#process.sockets;
  }

  /** Everybody leaves; the gateway must have let go of every socket, be alive, and stop in order. */
  async finish(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#backend?.close();
    if (this.#gateway === undefined) return;
    try {
      const { stdout, stderr, code } = this.gateway.output();
      expect(code, `the gateway is alive\n${stdout}${stderr}`).toBeNull();
      if (HAS_PROC) await this.everySocketIsClosed();
    } finally {
      const { code, stderr } = await this.gateway.stop();
      const said = stderr.split('\n').filter((line) => line !== '');
      expect(said.filter((line) => !line.startsWith('{') || line.includes('unexpected failure'))).toEqual([]);
      expect(said.filter((line) => /"level":"(?:error|fatal)"/.test(line))).toEqual([]);
      expect(code).toBe(0);
    }
  }

  /** Waits until the gateway holds no more sockets than at its start. */
  async everySocketIsClosed(): Promise<void> {
    await eventually(() => this.process.sockets <= this.idleSockets, 'the gateway lets go of every socket').catch(
      () => {
        expect(this.process.sockets, 'sockets of the gateway').toBe(this.idleSockets);
      },
    );
  }

  /** A target that no other test uses. */
  target(folder = 'ws'): string {
    this.#targets += 1;
    return `/${folder}/${this.#targets}`;
  }

  /** A connection to the gateway; {@link finish} ends it. */
  async connect(): Promise<RawClient> {
    const client = await rawClient(this.gateway.port);
    this.#clients.push(client);
    return client;
  }

  /** Sends a handshake on a new connection and waits until the backend has it. */
  async ask(folder?: string, headers: HeaderLines = {}): Promise<Call & { readonly client: RawClient }> {
    const target = this.target(folder);
    const client = await this.connect();
    client.send(upgradeHead({ target, headers }));
    return { client, ...(await this.backend.call(target)) };
  }

  /** Opens a WebSocket; `answer` is laid over the headers of the backend's 101. */
  async open(
    options: { readonly folder?: string; readonly headers?: HeaderLines; readonly answer?: HeaderLines } = {},
  ): Promise<Tunnel> {
    const { client, connection, head } = await this.ask(options.folder, options.headers);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? '', options.answer));
    const response = await client.readHead();
    expect(response.line).toMatch(/^HTTP\/1\.1 101 /);
    return { client, backend: connection, request: head, response };
  }
}

/**
 * One gateway for the tests of a file, started before the first and examined after the last.
 * @param args more arguments of `ocelot run`.
 */
export function stand(
  configure: (backendPort: number) => object | Promise<object>,
  args: readonly string[] = [],
): Stand {
  const subject = new Stand();
  beforeAll(() => subject.start(configure, args));
  afterAll(() => subject.finish());
  return subject;
}

/** Reads a whole answer of the gateway itself: framed by its length, with a body, the last thing on its connection. */
export async function readRefusal(client: RawClient): Promise<{ readonly head: RawHead; readonly body: string }> {
  const head = await client.readHead();
  const body = await client.readBody(head);
  expect(Number(head.get('content-length')), `the length of ${head.line}`).toBeGreaterThan(0);
  expect(head.get('transfer-encoding')).toBeUndefined();
  expect(head.all('connection').join(', ').toLowerCase()).toContain('close');
  const rest = await client.readToEnd();
  expect(rest.toString('latin1')).toBe('');
  client.end();
  return { head, body: body.toString() };
}
