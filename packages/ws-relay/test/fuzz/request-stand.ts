import { createServer, type IncomingMessage, type Server } from 'node:http';

import { createGateway, readConfiguration } from '@ocelot/core';
import { duplexPair, RawConnection, scriptedBackend, type ScriptedBackend } from '@ocelot/test-support';

import { shouldUpgrade, webSocketRelay } from '../../src/index.js';
import { chunksOf, type CutBytes } from './byte-arbitraries.js';

/** As the command line sets its listener. */
const OPTIONS: object = { maxHeaderSize: 65_536, shouldUpgradeCallback: shouldUpgrade };

/** What a server of Node makes of the first request in a stream, by itself. */
export type FirstEvent =
  | { readonly kind: 'upgrade'; readonly request: IncomingMessage }
  | { readonly kind: 'request' | 'refused' | 'nothing' };

/** A gateway in front of a backend that accepts every handshake and keeps what it was sent. */
export interface RequestStand {
  /** A connection that sends the stream, and what came back. */
  send(input: CutBytes): RawConnection;
  readonly backend: ScriptedBackend;
  /** Heads that reached the backend, as they came. */
  readonly received: string[];
  close(): Promise<void>;
}

/** Asks a server of Node without a gateway. */
export async function firstEvent(input: CutBytes): Promise<FirstEvent> {
  const server = createServer(OPTIONS);
  const [near, far] = duplexPair(1 << 20);
  const client = new RawConnection(near);
  far.on('error', () => undefined);
  const event = new Promise<FirstEvent>((resolve) => {
    server.on('upgrade', (request) => resolve({ kind: 'upgrade', request }));
    server.on('connect', () => resolve({ kind: 'request' }));
    server.on('request', () => resolve({ kind: 'request' }));
    server.on('clientError', () => resolve({ kind: 'refused' }));
    server.emit('connection', far);
    for (const chunk of chunksOf(input)) client.send(chunk);
    // Node answers some faults without an event.
    void settled().then(() => resolve({ kind: client.bytesReceived > 0 ? 'refused' : 'nothing' }));
  });
  const result = await event;
  near.destroy();
  far.destroy();
  return result;
}

/** In memory everything that can happen by itself has happened after a few turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Starts the stand; only the way from the gateway to its backend is a real connection. */
export async function requestStand(): Promise<RequestStand> {
  const received: string[] = [];
  const backend = await scriptedBackend(async (connection) => {
    const seen = connection.accept();
    await seen.then((head) => {
      received.push([head.line, ...head.headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n'));
    });
  });
  const gateway = await createGateway({
    config: readConfiguration({
      Routes: [
        {
          UpstreamPathTemplate: '/{everything}',
          DownstreamPathTemplate: '/{everything}',
          DownstreamScheme: 'ws',
          DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backend.port }],
        },
      ],
    }),
  });
  const server: Server = createServer(OPTIONS, (_request, response) => {
    response.writeHead(426, { Connection: 'close' }).end();
  });
  server.on('upgrade', webSocketRelay().listener(gateway));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  const clients = new Set<RawConnection>();
  return {
    backend,
    received,
    send(input) {
      const [near, far] = duplexPair(1 << 20);
      const client = new RawConnection(near);
      clients.add(client);
      far.on('error', () => undefined);
      server.emit('connection', far);
      for (const chunk of chunksOf(input)) client.send(chunk);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await backend.close();
      await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    },
  };
}
