import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  type Clock,
  createConnectionLedger,
  createGateway,
  type ControlAnswer,
  type Gateway,
  type GatewayGroup,
  type GatewayMember,
  type Plugin,
  readConfiguration,
} from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { httpRequestRelay } from '@ocelot/http-relay';
import { lb } from '@ocelot/lb';
import {
  closeFrame,
  collectLeaks,
  echoBackend,
  type EchoBackend,
  encodeFrame,
  type LeakWatch,
  OPCODE,
  rawClient,
  type RawClient,
} from '@ocelot/test-support';
import { webSocketRelay } from '@ocelot/ws-relay';
import { afterEach, beforeEach } from 'vitest';

import { telemetry, type TelemetryOptions } from '../src/index.js';

/** What a stand varies. */
export interface StandOptions {
  /** `GlobalConfiguration.Gateway.Telemetry`. */
  readonly telemetry?: object;
  /** More keys of `GlobalConfiguration.Gateway`. */
  readonly gateway?: object;
  /** More keys of `GlobalConfiguration`. */
  readonly global?: object;
  /** Over the usual routes: `/chat/{room}` to the echo backend, `/api/{everything}` to the HTTP one. */
  readonly routes?: readonly object[];
  readonly options?: TelemetryOptions;
  readonly plugins?: readonly Plugin[];
  /** What the gateway and its plugins measure time with. @default the machine's */
  readonly clock?: Clock;
  /** One of several workers. */
  readonly member?: GatewayMember;
}

/** A gateway with both relays, telemetry and real backends. */
export interface Stand {
  readonly gateway: Gateway;
  readonly log: MemoryLogger;
  readonly port: number;
  readonly echo: EchoBackend;
  /** Headers of the last request at the HTTP backend. */
  readonly seen: () => Readonly<Record<string, string | string[] | undefined>>;
  /** The routes of this stand in another configuration. */
  readonly config: (telemetrySection: object | undefined) => ReturnType<typeof readConfiguration>;
  /** One HTTP request; resolves with its status and headers. */
  readonly get: (path: string, headers?: Record<string, string>, method?: string) => Promise<number>;
  /** Opens a socket, talks and closes it with the code. */
  readonly open: (path: string, headers?: Record<string, string>) => Promise<RawClient>;
  /** `GET /metrics`, as the command line asks for it. */
  readonly metrics: () => Promise<ControlAnswer>;
  /** The samples of one metric: labels → value. */
  readonly samples: (name: string) => Promise<Readonly<Record<string, number>>>;
  readonly close: () => Promise<void>;
}

/** Sends one text message and waits for its echo. */
export async function talk(client: RawClient, text: string): Promise<void> {
  client.send(encodeFrame({ opcode: OPCODE.text, payload: text, mask: true }));
  const frame = await client.readFrame();
  if (frame.payload.toString() !== text) throw new Error(`echo of "${text}" is "${frame.payload.toString()}"`);
}

/** Closes from the client's side and waits for the end. */
export async function leave(client: RawClient, code: number): Promise<void> {
  client.send(closeFrame(code, '', true));
  await client.readFrame();
  await client.ended;
  client.destroy();
}

/** Starts a stand; closed behind the test by {@link stands}. */
async function startStand(options: StandOptions): Promise<Stand> {
  const echo = await echoBackend({ handleProtocols: (offered) => [...offered][0] ?? false });
  let seen: Readonly<Record<string, string | string[] | undefined>> = {};
  const backend = createServer((request, response) => {
    seen = request.headers;
    request.resume();
    const [, status] = /status=(\d+)/.exec(request.url ?? '') ?? [];
    request.once('end', () => response.writeHead(Number(status ?? 200)).end('answer'));
  });
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const backendPort = (backend.address() as AddressInfo).port;
  const usual = [
    route('chat', '/chat/{room}', 'ws', echo.port),
    route('api', '/api/{everything}', 'http', backendPort),
  ];
  const Routes = options.routes?.map((own, index) => ({ ...usual[index], ...own })) ?? usual;
  const config = (section: object | undefined) =>
    readConfiguration({
      Routes,
      GlobalConfiguration: {
        ...options.global,
        Gateway: { ...options.gateway, ...(section && { Telemetry: section }) },
      },
    });
  const log = new MemoryLogger();
  const relay = httpRequestRelay();
  const end = async (): Promise<void> => {
    backend.closeAllConnections();
    await new Promise<void>((resolve) => {
      backend.close(() => resolve());
    });
    await echo.close();
  };
  const gateway = await createGateway({
    config: config(options.telemetry),
    log,
    ...(options.clock && { clock: options.clock }),
    ...(options.member && { group: groupOf(options.member) }),
    plugins: [
      telemetry(options.options),
      lb(),
      { name: 'http', setup: (registry) => registry.onClose(() => relay.close()) },
      ...(options.plugins ?? []),
    ],
  }).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const server = createServer(relay.listener(gateway));
  server.on('upgrade', webSocketRelay().listener(gateway));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: RawClient[] = [];
  const metrics = async (): Promise<ControlAnswer> => {
    const control = gateway.controls.find(({ path }) => path === '/metrics');
    if (control === undefined) throw new Error('there is no /metrics');
    return control.handle({
      method: 'GET',
      path: '/metrics',
      params: {},
      query: new URLSearchParams(),
      headers: {},
      body: '',
    });
  };
  return {
    gateway,
    log,
    port,
    echo,
    seen: () => seen,
    config,
    metrics,
    samples: async (name) => samplesOf((await metrics()).body, name),
    get: (path, headers = {}, method = 'GET') => get(port, path, headers, method),
    async open(path, headers = {}) {
      const client = await rawClient(port);
      clients.push(client);
      const head = await client.upgrade({ target: path, headers });
      if (head.status !== 101) throw new Error(`${path} is answered ${head.status}`);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await end();
    },
  };
}

/** Sets up and clears away around each test of a file; nothing may be left. */
export function stands(): (options?: StandOptions) => Promise<Stand> {
  let leaks: LeakWatch;
  const open: Stand[] = [];
  beforeEach(() => {
    leaks = collectLeaks();
  });
  afterEach(async () => {
    for (const stand of open.splice(0)) await stand.close();
    await leaks.verify();
  });
  return async (options = {}) => {
    const stand = await startStand(options);
    open.push(stand);
    return stand;
  };
}

/** The samples of one metric in a text of Prometheus, without the labels that all have. */
export function samplesOf(text: string, name: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(name.length, at), Number(line.slice(at + 1))];
    }),
  );
}

function route(Key: string, UpstreamPathTemplate: string, DownstreamScheme: string, Port: number): object {
  return {
    Key,
    UpstreamPathTemplate,
    DownstreamPathTemplate: UpstreamPathTemplate,
    DownstreamScheme,
    DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port }],
  };
}

function get(port: number, path: string, headers: Record<string, string>, method: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, host: '127.0.0.1', path, headers, method, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });
}

/** A group whose other members carry nothing. */
function groupOf(member: GatewayMember): GatewayGroup {
  return {
    member,
    ledger: createConnectionLedger(),
    loads: { open: () => ({ foreign: 0, report() {}, close() {} }) },
  };
}
