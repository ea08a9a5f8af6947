import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { WebSocketServer } from 'ws';

import type { Attached } from './real-backend.ts';
import { HubConnection, type Carrier, type Hub } from './signalr-connection.ts';

/** Where a hub is served, and to whom its connections go. */
export interface SignalROptions {
  readonly path: string;
  readonly hub: Hub;
  readonly keepAliveMs: number;
  opened(connection: HubConnection): void;
}

/** A connection that was negotiated; `poll` holds the request that waits for the next text (long polling). */
interface Negotiated {
  connection?: HubConnection;
  poll?: ServerResponse | undefined;
  readonly unread: string[];
  ended: boolean;
}

const TRANSPORTS = ['WebSockets', 'ServerSentEvents', 'LongPolling'].map((transport) => ({
  transport,
  transferFormats: ['Text'],
}));

/**
 * The HTTP side of SignalR (transport protocols, negotiate version 1): `negotiate`, WebSockets, Server-Sent Events and
 * long polling. A connection lives in this server alone: another one answers its id with 404.
 */
export function serveSignalR(server: Server, options: SignalROptions): Attached {
  const negotiated = new Map<string, Negotiated>();
  const sockets = new WebSocketServer({ noServer: true });

  const connect = (carrier: Carrier): HubConnection => {
    const connection = new HubConnection(carrier, options.hub, options.keepAliveMs);
    options.opened(connection);
    return connection;
  };
  const found = (request: IncomingMessage): Negotiated | undefined => negotiated.get(idOf(request) ?? '');

  server.on('upgrade', (request, socket, head) => {
    // Without an id: the client skipped the negotiation.
    if (idOf(request) !== undefined && found(request) === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => undefined); // A connection that is cut ends in `close` too.
      const connection = connect({ write: (data) => opened.send(data), end: () => opened.close(1000) });
      opened.on('message', (data: Buffer) => connection.read(data.toString()));
      opened.on('close', () => connection.gone());
    });
  });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST' && pathname === `${options.path}/negotiate`) {
      const id = randomUUID();
      negotiated.set(id, { unread: [], ended: false });
      const body = {
        negotiateVersion: 1,
        connectionId: randomUUID(),
        connectionToken: id,
        availableTransports: TRANSPORTS,
      };
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      return;
    }
    const session = found(request);
    if (session === undefined) response.writeHead(404).end('No Connection with that ID');
    else if (request.method === 'POST') {
      session.connection?.read(await text(request));
      response.writeHead(200).end();
    } else if (request.method === 'DELETE') {
      endPolling(session);
      response.writeHead(202).end();
    } else if (request.headers.accept === 'text/event-stream') streamEvents(session, response);
    else poll(session, response);
  }

  function streamEvents(session: Negotiated, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache, no-store' });
    response.write(':\r\n'); // Lets the client know that it is connected.
    const connection = connect({
      write: (data) => void response.write(`data: ${data}\r\n\r\n`),
      end: () => void response.end(),
    });
    session.connection = connection;
    response.on('close', () => connection.gone());
  }

  /** The first poll is answered at once, each later one with the next text, or 204 when the connection has ended. */
  function poll(session: Negotiated, response: ServerResponse): void {
    if (session.connection === undefined) {
      session.connection = connect({
        write: (data) => {
          session.unread.push(data);
          flush(session);
        },
        end: () => endPolling(session),
      });
      response.writeHead(200).end();
      return;
    }
    session.poll = response;
    response.on('close', () => {
      if (session.poll === response) session.poll = undefined;
    });
    flush(session);
  }

  return {
    close: () => {
      sockets.close();
      for (const { connection } of negotiated.values()) connection?.gone();
    },
  };
}

function idOf(request: IncomingMessage): string | undefined {
  return new URL(request.url ?? '/', 'http://localhost').searchParams.get('id') ?? undefined;
}

function flush(session: Negotiated): void {
  const { poll, unread } = session;
  if (poll === undefined || (unread.length === 0 && !session.ended)) return;
  session.poll = undefined;
  if (unread.length > 0) poll.writeHead(200, { 'Content-Type': 'text/plain' }).end(unread.splice(0).join(''));
  else poll.writeHead(204).end();
}

function endPolling(session: Negotiated): void {
  session.ended = true;
  session.connection?.gone();
  flush(session);
}
