import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import {
  type Clock,
  createGateway,
  type Gateway,
  type GatewayConfig,
  type GatewayEvent,
  type Plugin,
  readConfiguration,
  systemClock,
} from '@ocelot/core';
import { FakeClock, type LogLine, MemoryLogger } from '@ocelot/core/testing';
import { httpRequestRelay } from '@ocelot/http-relay';
import { lb } from '@ocelot/lb';
import {
  type BackendScript,
  collectLeaks,
  eventually,
  rawClient,
  type RawClient,
  type RawHead,
  type ScriptedBackend,
  scriptedBackend,
  switchingHead,
} from '@ocelot/test-support';
import { webSocketRelay } from '@ocelot/ws-relay';
import { beforeEach, onTestFinished } from 'vitest';

import { type ResilienceReport, resilience, type RouteReport } from '../src/index.js';

/** What a stand varies. */
export interface StandOptions {
  /** More keys of the one route. */
  readonly route?: object;
  /** Its `Gateway.Resilience`. */
  readonly resilience?: object;
  /** More keys of its `Gateway`. */
  readonly gateway?: object;
  readonly global?: object;
  /** More routes, to the same ports. */
  readonly routes?: readonly object[];
  /** Moves the time of breakers and checks, not that of the relays. @default the real clock */
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly plugins?: readonly Plugin[];
  /** No routes: the path names the service. */
  readonly isDynamic?: boolean;
}

/** A real gateway with both relays and the plugin, for one test. */
export interface Stand {
  readonly gateway: Gateway;
  readonly events: readonly GatewayEvent[];
  readonly lines: readonly LogLine[];
  client(): Promise<RawClient>;
  /** Asks for a WebSocket, on a connection of its own. @returns the head of the answer. */
  upgrade(target?: string): Promise<RawHead>;
  /** Makes a plain request, on a connection of its own. */
  get(): Promise<RawHead>;
  /** States as events told them: `breaker.changed`, `endpoint.changed`. */
  told(type: 'breaker.changed' | 'endpoint.changed'): readonly string[];
  /** What `GET /resilience` says of the one route. */
  report(): Promise<RouteReport>;
  reload(options: StandOptions, ports?: readonly number[]): Promise<void>;
}

function configOf(ports: readonly number[], options: StandOptions): GatewayConfig {
  const route = (keys: object): object => ({
    UpstreamPathTemplate: '/{everything}',
    DownstreamPathTemplate: '/{everything}',
    DownstreamHostAndPorts: ports.map((Port) => ({ Host: '127.0.0.1', Port })),
    LoadBalancerOptions: { Type: 'RoundRobin' },
    ...keys,
  });
  const first = {
    Key: 'app',
    Gateway: { Resilience: options.resilience ?? {}, ...options.gateway },
    ...options.route,
  };
  return readConfiguration({
    Routes: options.isDynamic === true ? [] : [first, ...(options.routes ?? [])].map(route),
    GlobalConfiguration: options.global ?? {},
  });
}

/** Starts a gateway that routes everything to these ports; it is closed behind the test. */
export async function startStand(ports: readonly number[], options: StandOptions = {}): Promise<Stand> {
  const events: GatewayEvent[] = [];
  const log = new MemoryLogger();
  const http = httpRequestRelay();
  const gateway = await createGateway({
    config: configOf(ports, options),
    plugins: [
      { name: 'watch', setup: (registry) => registry.telemetry({ record: (event) => events.push(event) }) },
      { name: 'http', setup: (registry) => registry.onClose(() => http.close()) },
      lb(),
      resilience(),
      ...(options.plugins ?? []),
    ],
    log,
    clock: options.clock ?? systemClock,
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  const sockets = new Set<Socket>();
  const server = createServer(http.listener(gateway));
  server.on('upgrade', webSocketRelay().listener(gateway));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: RawClient[] = [];
  const client = async (): Promise<RawClient> => {
    const made = await rawClient(port);
    clients.push(made);
    return made;
  };
  onTestFinished(async () => {
    for (const made of clients) made.destroy();
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    if (options.clock instanceof FakeClock && options.clock.pending > 0) throw new Error('a timer is left');
  });
  return {
    gateway,
    events,
    lines: log.lines,
    client,
    async upgrade(target = '/ws') {
      const made = await client();
      return made.upgrade({ target });
    },
    async get() {
      const made = await client();
      made.send('GET / HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n');
      return made.readHead();
    },
    told: (type) => events.flatMap((event) => (event.type === type && 'state' in event ? [event.state as string] : [])),
    async report() {
      const call = gateway.controls.find(({ path }) => path === '/resilience');
      const answer = await call?.handle({
        method: 'GET',
        path: '/resilience',
        params: {},
        query: new URLSearchParams(),
        headers: {},
        body: '',
      });
      const { workers } = JSON.parse(answer?.body ?? '{}') as ResilienceReport;
      const [route] = workers[0]?.routes ?? [];
      if (route === undefined) throw new Error('no route is guarded');
      return route;
    },
    async reload(next, nextPorts = ports) {
      await gateway.reload(configOf(nextPorts, next));
    },
  };
}

/** Verifies behind each test of a file, and behind what the test closes, that nothing is left. Call it at the top. */
export function leaveNothing(): void {
  beforeEach(() => {
    const leaks = collectLeaks();
    onTestFinished(() => leaks.verify());
  });
}

/** A scripted backend, closed behind the test. */
export async function backend(script?: BackendScript): Promise<ScriptedBackend> {
  const made = await scriptedBackend(script);
  onTestFinished(() => made.close());
  return made;
}

/** A port where nothing listens. */
export async function deadPort(): Promise<number> {
  const gone = await scriptedBackend();
  await gone.close();
  return gone.port;
}

/** Answers each request of a connection with the next of these statuses, 101 with a handshake; the last one for ever. */
export function answering(...statuses: readonly number[]): BackendScript {
  let count = 0;
  return async (connection) => {
    for (;;) {
      const head = await connection.readHead();
      const status = statuses[Math.min(count, statuses.length - 1)] ?? 200;
      count += 1;
      if (status === 101) {
        connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
        return;
      }
      connection.send(`HTTP/1.1 ${status} Status\r\nContent-Length: 0\r\n\r\n`);
    }
  };
}

/** Waits until something holds. */
export function holds(what: string, test: () => boolean): Promise<true> {
  return eventually(() => (test() ? (true as const) : undefined), what);
}
