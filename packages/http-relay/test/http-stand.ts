import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer, createServer as createHttp2Server, type SecureServerOptions } from 'node:http2';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';

import { createGateway, type Gateway, type GatewayEvent, type Plugin, readConfiguration } from '@ocelot/core';
import { type LogLine, MemoryLogger } from '@ocelot/core/testing';
import {
  type BackendScript,
  collectLeaks,
  eventually,
  type LeakWatch,
  rawClient,
  RawClient,
  type ScriptedBackend,
  scriptedBackend,
} from '@ocelot/test-support';
import { afterEach, beforeEach } from 'vitest';

import { type HttpRelayOptions, httpRequestRelay } from '../src/index.js';

/** A real gateway with this relay on a real server, on a free port. */
export interface HttpStand {
  readonly gateway: Gateway;
  readonly server: NetServer;
  readonly port: number;
  readonly events: readonly GatewayEvent[];
  readonly lines: readonly LogLine[];
  /** A raw client of the gateway; destroyed by `close`. */
  client(): Promise<RawClient>;
  /** Waits for the n-th event of a type, counted from 0. */
  event<T extends GatewayEvent['type']>(type: T, index?: number): Promise<Extract<GatewayEvent, { type: T }>>;
  /** Waits for a log line. */
  line(message: string): Promise<LogLine>;
  close(): Promise<void>;
}

/** What a stand varies. */
export interface HttpStandOptions {
  /** `Gateway` section of the one route. */
  readonly settings?: object;
  /** More keys of the route, over the usual ones. */
  readonly route?: object;
  readonly global?: object;
  readonly relay?: HttpRelayOptions;
  readonly plugins?: readonly Plugin[];
  /** What clients speak. @default http1 */
  readonly front?: 'http1' | 'tls' | 'h2c' | 'h2';
  readonly tls?: TlsOptions & SecureServerOptions;
  /** Whether the server leaves `100 Continue` to the relay. @default true */
  readonly leavesContinue?: boolean;
  /** Listens on this Unix-domain socket instead of a port. */
  readonly socketPath?: string;
}

/** Starts a gateway that routes everything to the given ports of 127.0.0.1. */
export async function httpStand(
  endpoints: readonly (number | string)[],
  options: HttpStandOptions = {},
): Promise<HttpStand> {
  const events: GatewayEvent[] = [];
  const log = new MemoryLogger();
  const route = {
    UpstreamPathTemplate: '/{everything}',
    DownstreamPathTemplate: '/{everything}',
    DownstreamScheme: 'http',
    DownstreamHostAndPorts: endpoints.map((endpoint) =>
      typeof endpoint === 'number' ? { Host: '127.0.0.1', Port: endpoint } : { Host: endpoint },
    ),
    Gateway: options.settings ?? {},
    ...options.route,
  };
  const relay = httpRequestRelay(options.relay);
  const gateway = await createGateway({
    config: readConfiguration({ Routes: [route], GlobalConfiguration: options.global ?? {} }),
    plugins: [
      { name: 'watch', setup: (registry) => registry.telemetry({ record: (event) => events.push(event) }) },
      { name: 'http', setup: (registry) => registry.onClose(() => relay.close()) },
      ...(options.plugins ?? []),
    ],
    log,
  });
  const sockets = new Set<Socket>();
  const server = frontServer(options);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  const listener = relay.listener(gateway);
  server.on('request', listener);
  // What `shouldUpgradeCallback` does where Node has it: without a listener Node before 24 serves upgrades so anyway.
  if (options.leavesContinue !== false) server.on('checkContinue', listener);
  if (options.socketPath === undefined) server.listen(0, '127.0.0.1');
  else server.listen(options.socketPath);
  await once(server, 'listening');
  const port = options.socketPath === undefined ? (server.address() as AddressInfo).port : 0;
  const clients: RawClient[] = [];
  return {
    gateway,
    server,
    port,
    events,
    lines: log.lines,
    async client() {
      const { socketPath, front } = options;
      const client =
        socketPath === undefined
          ? await rawClient(port, front === 'tls' ? { tls: { rejectUnauthorized: false } } : {})
          : new RawClient(connect({ path: socketPath, allowHalfOpen: true }));
      clients.push(client);
      return client;
    },
    event: (type, index = 0) =>
      eventually(
        () =>
          events.filter((event): event is Extract<GatewayEvent, { type: typeof type }> => event.type === type)[index],
        `the event ${type} is recorded`,
      ),
    line: (message) => eventually(() => log.lines.find((line) => line.message === message), `"${message}" is logged`),
    async close() {
      for (const client of clients) client.destroy();
      await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function frontServer({ front = 'http1', tls = {} }: HttpStandOptions): Server | NetServer {
  if (front === 'tls') return createTlsServer(tls);
  if (front === 'h2') return createSecureServer(tls);
  return front === 'h2c' ? createHttp2Server() : createServer();
}

/** Gateways and backends of one test: closed behind it, and nothing may be left of them. */
export interface Stands {
  readonly gateway: (endpoints: readonly (number | string)[], options?: HttpStandOptions) => Promise<HttpStand>;
  /** A server of node:http; its port. */
  readonly backend: (listener: RequestListener) => Promise<number>;
  readonly scripted: (script?: BackendScript) => Promise<ScriptedBackend>;
  /** Runs behind the test, last added first. */
  readonly onClose: (close: () => Promise<unknown>) => void;
}

/** Sets up and clears away around each test of a file. Call it once, at the top. */
export function stands(): Stands {
  let leaks: LeakWatch;
  let closers: (() => Promise<unknown>)[] = [];
  beforeEach(() => {
    leaks = collectLeaks();
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.toReversed()) await close();
    await leaks.verify();
  });
  return {
    async gateway(endpoints, options) {
      const stand = await httpStand(endpoints, options);
      closers.push(() => stand.close());
      return stand;
    },
    async backend(listener) {
      const server = createServer({ keepAliveTimeout: 60_000 }, listener);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      closers.push(() => {
        server.closeAllConnections();
        return new Promise((resolve) => {
          server.close(resolve);
        });
      });
      return (server.address() as AddressInfo).port;
    },
    async scripted(script) {
      const backend = await scriptedBackend(script);
      closers.push(() => backend.close());
      return backend;
    },
    onClose: (close) => closers.push(close),
  };
}
