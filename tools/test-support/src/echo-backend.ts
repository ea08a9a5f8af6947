import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';

/** A handshake that an echo backend accepted. */
export interface EchoRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

/** A WebSocket server that sends every message back and remembers who came. */
export interface EchoBackend {
  readonly port: number;
  /** Every accepted handshake, in order of arrival. */
  readonly requests: readonly EchoRequest[];
  /** The sockets open now. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Terminates every socket and stops listening. */
  close(): Promise<void>;
}

/** What an echo backend does besides echoing. */
export interface EchoBackendOptions extends Pick<ServerOptions, 'handleProtocols' | 'perMessageDeflate'> {
  /** Sent before each echo, so that a test sees which backend answered. @default '' */
  readonly name?: string;
  /** Serve `wss`. */
  readonly tls?: TlsServerOptions;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** Listens on a Unix-domain socket instead, on which `port` is 0. */
  readonly socketPath?: string;
  /** Called for each socket, after the echo listener was added. */
  readonly connected?: (socket: WebSocket, request: EchoRequest) => void;
}

/** Starts an echo server of the `ws` package on a free port. */
export async function echoBackend(options: EchoBackendOptions = {}): Promise<EchoBackend> {
  const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  const requests: EchoRequest[] = [];
  const { handleProtocols, perMessageDeflate } = options;
  const webSockets = new WebSocketServer({
    server,
    ...(handleProtocols === undefined ? {} : { handleProtocols }),
    ...(perMessageDeflate === undefined ? {} : { perMessageDeflate }),
  });
  webSockets.on('connection', (socket, request) => {
    const seen: EchoRequest = { url: request.url ?? '', headers: request.headers, rawHeaders: request.rawHeaders };
    requests.push(seen);
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, isBinary) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
      socket.send(options.name === undefined ? bytes : `${options.name}${bytes.toString()}`, { binary: isBinary });
    });
    options.connected?.(socket, seen);
  });
  if (options.socketPath === undefined) server.listen(0, options.host ?? '127.0.0.1');
  else server.listen(options.socketPath);
  await once(server, 'listening');
  const address = server.address() as AddressInfo | string;
  return {
    port: typeof address === 'string' ? 0 : address.port,
    requests,
    sockets: webSockets.clients,
    async close() {
      for (const socket of webSockets.clients) socket.terminate();
      webSockets.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
