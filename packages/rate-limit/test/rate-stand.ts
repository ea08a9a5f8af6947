import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import {
  type Clock,
  type ConnectionLedger,
  createGateway,
  type Gateway,
  type GatewayEvent,
  type GatewayGroup,
  type Plugin,
  readConfiguration,
} from '@ocelot/core';
import { type LogLine, MemoryLogger } from '@ocelot/core/testing';
import { httpRequestRelay } from '@ocelot/http-relay';
import { collectLeaks, eventually, type LeakWatch, rawClient, type RawClient } from '@ocelot/test-support';
import { webSocketRelay } from '@ocelot/ws-relay';
import { afterEach, beforeEach } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

import { rateLimit } from '../src/index.js';

/** What a stand varies. */
export interface RateStandOptions {
  /** `RateLimitOptions` of the one route. */
  readonly quota?: object;
  /** `Gateway.RateLimit` of the one route. */
  readonly limits?: object;
  /** More keys of its `Gateway` section. */
  readonly settings?: object;
  /** More keys of the route. */
  readonly route?: object;
  readonly global?: object;
  /** Time of the gateway, not of its relays. */
  readonly clock?: Clock;
  /** Counts connections for several gateways. */
  readonly ledger?: ConnectionLedger;
  /** Set up behind the plugin. */
  readonly plugins?: readonly Plugin[];
}

/** A plain answer of the gateway. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A real gateway with the plugin and both relays on a real server, before one backend. */
export interface RateStand {
  readonly gateway: Gateway;
  readonly port: number;
  readonly events: readonly GatewayEvent[];
  readonly lines: readonly LogLine[];
  get(headers?: Readonly<Record<string, string>>, target?: string): Promise<Answer>;
  /** A raw client; destroyed with the stand. */
  client(): Promise<RawClient>;
  event<T extends GatewayEvent['type']>(type: T, index?: number): Promise<Extract<GatewayEvent, { type: T }>>;
  line(message: string): Promise<LogLine>;
  close(): Promise<void>;
}

/** The configuration of a stand. */
export function rateConfig(port: number, options: RateStandOptions = {}): object {
  const { quota, limits, settings, route, global } = options;
  return {
    Routes: [
      {
        Key: 'echo',
        UpstreamPathTemplate: '/{everything}',
        DownstreamPathTemplate: '/{everything}',
        DownstreamScheme: 'http',
        DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
        ...(quota === undefined ? {} : { RateLimitOptions: quota }),
        Gateway: { ...(limits === undefined ? {} : { RateLimit: limits }), ...settings },
        ...route,
      },
    ],
    GlobalConfiguration: global ?? {},
  };
}

async function rateStand(backendPort: number, options: RateStandOptions): Promise<RateStand> {
  const events: GatewayEvent[] = [];
  const log = new MemoryLogger();
  const relay = httpRequestRelay();
  const gateway = await createGateway({
    config: readConfiguration(rateConfig(backendPort, options)),
    plugins: [
      { name: 'watch', setup: (registry) => registry.telemetry({ record: (event) => events.push(event) }) },
      { name: 'http', setup: (registry) => registry.onClose(() => relay.close()) },
      rateLimit(),
      ...(options.plugins ?? []),
    ],
    log,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.ledger === undefined ? {} : { group: groupOf(options.ledger) }),
  });
  const server: Server = createServer();
  server.on('upgrade', webSocketRelay().listener(gateway));
  server.on('request', relay.listener(gateway));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: RawClient[] = [];
  return {
    gateway,
    port,
    events,
    lines: log.lines,
    async get(headers = {}, target = '/') {
      const answer = await fetch(`http://127.0.0.1:${port}${target}`, { headers: { ...headers, connection: 'close' } });
      return { status: answer.status, headers: answer.headers, body: await answer.text() };
    },
    async client() {
      const client = await rawClient(port);
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
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** A group of one that shares nothing but its ledger. */
function groupOf(ledger: ConnectionLedger): GatewayGroup {
  const loads = { open: () => ({ foreign: 0, report: () => {}, close: () => {} }) };
  return { member: { index: 0, size: 1 }, ledger, loads };
}

/** What stands behind the gateway: it answers requests with 200 and echoes what its sockets get. */
export interface RateBackend {
  readonly port: number;
  /** Every socket so far, in order of arrival. */
  readonly sockets: readonly WebSocket[];
  /** Bytes that its sockets have read. */
  bytesRead(): number;
  close(): Promise<void>;
}

async function rateBackend(): Promise<RateBackend> {
  const server = createServer((_, response) => response.end('answer'));
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
  const sockets: WebSocket[] = [];
  const connections: Socket[] = [];
  webSockets.on('connection', (socket, request) => {
    sockets.push(socket);
    connections.push(request.socket);
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    bytesRead: () => connections.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    async close() {
      for (const socket of sockets) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** Gateways of one test and the backend behind them: closed behind it, and nothing may be left of them. */
export interface RateStands {
  readonly backend: () => RateBackend;
  readonly gateway: (options?: RateStandOptions) => Promise<RateStand>;
  /** Runs behind the test, last added first. */
  readonly onClose: (close: () => Promise<unknown>) => void;
}

/** Sets up and clears away around each test of a file. Call it once, at the top. */
export function rateStands(): RateStands {
  let leaks: LeakWatch;
  let backend: RateBackend;
  let closers: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    leaks = collectLeaks();
    backend = await rateBackend();
    closers = [() => backend.close()];
  });
  afterEach(async () => {
    for (const close of closers.toReversed()) await close();
    await leaks.verify();
  });
  return {
    backend: () => backend,
    async gateway(options = {}) {
      const stand = await rateStand(backend.port, options);
      closers.push(() => stand.close());
      return stand;
    },
    onClose: (close) => closers.push(close),
  };
}
