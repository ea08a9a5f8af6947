import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerOptions,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

import { http2Client, type Http2Client } from '@ocelot/test-support';
import { webSocketRelay } from '../src/index.js';
import { gatewayStand, type GatewayStand, type StandOptions } from './gateway-stand.js';

/** A real gateway with this relay on a real server of node:http2, on a free port. */
export interface Http2Stand extends Omit<GatewayStand, 'server' | 'client'> {
  readonly server: Http2Server | Http2SecureServer;
  /** The connections open now. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** A connection of a client; destroyed by `close`. */
  client(options?: object): Promise<Http2Client>;
}

/** Starts a gateway that routes every extended CONNECT to the given ports of 127.0.0.1. */
export async function http2Stand(
  ports: readonly number[],
  options: StandOptions & { readonly http2?: ServerOptions } = {},
): Promise<Http2Stand> {
  const { tls, http2, ...others } = options;
  const stand = await gatewayStand(ports, others);
  const settings = { enableConnectProtocol: true };
  const server: Http2Server | Http2SecureServer =
    tls === undefined ? createServer({ settings, ...http2 }) : createSecureServer({ ...tls, settings, ...http2 });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.once('close', () => sessions.delete(session));
  });
  // Node makes requests of streams, and with them the event `connect`, only for servers that listen for requests.
  server.on('request', (_request, response) => response.writeHead(404).end());
  server.on('connect', webSocketRelay(options.relay).connectListener(stand.gateway));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: Http2Client[] = [];
  return {
    ...stand,
    server,
    sessions,
    port,
    async client(clientOptions = {}) {
      const client = await http2Client(port, {
        ...(tls === undefined ? {} : { rejectUnauthorized: false }),
        ...clientOptions,
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await stand.close();
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
