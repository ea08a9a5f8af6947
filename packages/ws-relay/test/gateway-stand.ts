import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

import { createGateway, type Gateway, type GatewayEvent, type Plugin, readConfiguration } from '@ocelot/core';
import { type LogLine, MemoryLogger } from '@ocelot/core/testing';

import { eventually, rawClient, type RawClient } from '@ocelot/test-support';
import { webSocketRelay, type WebSocketRelayOptions } from '../src/index.js';

/** A real gateway with this relay on a real server of node:http, on a free port. */
export interface GatewayStand {
  readonly gateway: Gateway;
  readonly server: Server;
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
export interface StandOptions {
  /** `Gateway` section of the one route. */
  readonly settings?: object;
  /** More keys of the route, over the usual ones. */
  readonly route?: object;
  readonly relay?: WebSocketRelayOptions;
  readonly plugins?: readonly Plugin[];
  readonly tls?: TlsOptions;
  /** The whole configuration instead of one route to `ports`. */
  readonly config?: object;
}

/** Starts a gateway that routes everything to the given ports of 127.0.0.1. */
export async function gatewayStand(ports: readonly number[], options: StandOptions = {}): Promise<GatewayStand> {
  const events: GatewayEvent[] = [];
  const log = new MemoryLogger();
  const route = {
    UpstreamPathTemplate: '/{everything}',
    DownstreamPathTemplate: '/{everything}',
    DownstreamScheme: 'ws',
    DownstreamHostAndPorts: ports.map((Port) => ({ Host: '127.0.0.1', Port })),
    Gateway: options.settings ?? {},
    ...options.route,
  };
  const gateway = await createGateway({
    config: readConfiguration(options.config ?? { Routes: [route] }),
    plugins: [
      { name: 'watch', setup: (registry) => registry.telemetry({ record: (event) => events.push(event) }) },
      ...(options.plugins ?? []),
    ],
    log,
  });
  const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  server.on('upgrade', webSocketRelay(options.relay).listener(gateway));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: RawClient[] = [];
  return {
    gateway,
    server,
    port,
    events,
    lines: log.lines,
    async client() {
      const client = await rawClient(port, options.tls === undefined ? {} : { tls: { rejectUnauthorized: false } });
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
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
