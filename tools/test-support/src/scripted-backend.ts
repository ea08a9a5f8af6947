import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

import { eventually } from './deadline.js';
import type { RawHead } from './http-text.js';
import { RawConnection } from './raw-connection.js';
import { switchingHead } from './upgrade-head.js';

/** One connection that the gateway opened to a scripted backend. */
export class BackendConnection extends RawConnection {
  /** Reads the handshake and answers a valid 101, with more headers if given. */
  async accept(headers: Readonly<Record<string, string | readonly string[] | undefined>> = {}): Promise<RawHead> {
    const head = await this.readHead();
    this.send(switchingHead(head.get('sec-websocket-key') ?? '', headers));
    return head;
  }
}

/** A backend that does exactly what a test says, byte by byte. */
export interface ScriptedBackend {
  readonly port: number;
  /** Every connection so far, in order of arrival. */
  readonly connections: readonly BackendConnection[];
  /** Waits for the n-th connection, counted from 0. */
  connection(index?: number): Promise<BackendConnection>;
  /** Destroys every connection and stops listening. */
  close(): Promise<void>;
}

/** What a scripted backend does with each connection; what it throws is kept for {@link ScriptedBackend.close}. */
export type BackendScript = (connection: BackendConnection, index: number) => void | Promise<void>;

/**
 * Starts a TCP (or TLS) server on a free port of 127.0.0.1 that runs `script` on each connection. Without a script the
 * test drives the connections itself.
 */
export async function scriptedBackend(
  script: BackendScript = () => {},
  options: { readonly tls?: TlsOptions } = {},
): Promise<ScriptedBackend> {
  const connections: BackendConnection[] = [];
  const failures: unknown[] = [];
  const server =
    options.tls === undefined
      ? createServer({ allowHalfOpen: true })
      : createTlsServer({ allowHalfOpen: true, ...options.tls });
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket) => {
    const connection = new BackendConnection(socket);
    const index = connections.push(connection) - 1;
    Promise.resolve(script(connection, index)).catch((error: unknown) => {
      // A script that waits for bytes is cut short by the end of its test: that is no failure.
      if (!connection.isClosed && !connection.finReceived) failures.push(error);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    connection: (index = 0) => eventually(() => connections[index], `connection ${index} reaches the backend`),
    async close() {
      for (const connection of connections) connection.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      if (failures.length > 0) throw new AggregateError(failures, 'a backend script failed');
    },
  };
}
