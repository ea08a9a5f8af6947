import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import { eventually } from './deadline.js';
import type { Fault, FaultPlan } from './fault-plan.js';
import { RelayedConnection } from './fault-relay-connection.js';
import { resetSocket } from './reset-socket.js';

/** How a relay is made. */
export interface FaultRelayOptions {
  /** Where connections go on to. */
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /**
   * What happens to the n-th connection, counted from 0. `opening` is empty unless {@link readsOpening} is set.
   * @default nothing: bytes, FIN and RST go through as they come
   */
  readonly plan?: (index: number, opening: Buffer) => FaultPlan;
  /** Waits for the client's first bytes and shows them to `plan`, which can then know a connection by its request. */
  readonly readsOpening?: boolean;
  /** Hears of every fault when it happens. */
  readonly onFault?: (index: number, fault: Fault) => void;
}

/** A running relay. */
export interface FaultRelay {
  readonly port: number;
  /** Connections that were accepted so far. */
  readonly accepted: number;
  /** How many are open now. */
  readonly open: number;
  /** Waits for the n-th connection, counted from 0, to be connected through. It must not be gone yet. */
  connection(index?: number): Promise<RelayedConnection>;
  /** Destroys every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a TCP relay on a free port of 127.0.0.1 that carries bytes to another port, and delays, cuts, resets, stalls
 * or loses them: per connection, by a plan or by hand ({@link RelayedConnection}).
 */
export async function faultRelay(options: FaultRelayOptions): Promise<FaultRelay> {
  const { host = '127.0.0.1', port, plan = () => ({}), onFault = () => {} } = options;
  const sockets = new Set<Socket>();
  const connections = new Map<number, RelayedConnection>();
  let accepted = 0;

  const own = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // Whoever takes the socket over looks at its errors; here they are only kept from ending the process.
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  };

  const join = (index: number, client: Socket, opening: Buffer): void => {
    const chosen = plan(index, opening);
    const server = connect({ host, port, allowHalfOpen: true });
    own(server);
    const refused = (): void => resetSocket(client);
    const abandoned = (): void => void server.destroy();
    server.once('error', refused);
    client.once('close', abandoned);
    server.once('connect', () => {
      server.off('error', refused);
      client.off('close', abandoned);
      const joined = new RelayedConnection(index, client, server, chosen, opening, (fault) => onFault(index, fault));
      connections.set(index, joined);
      void joined.closed.then(() => connections.delete(index));
    });
  };

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const index = accepted;
    accepted += 1;
    own(client);
    if (options.readsOpening !== true) {
      join(index, client, Buffer.alloc(0));
      return;
    }
    const gone = (): void => void client.destroy();
    client.once('end', gone);
    client.once('data', (opening: Buffer) => {
      client.off('end', gone);
      client.pause();
      join(index, client, opening);
    });
    client.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    get open() {
      return connections.size;
    },
    connection: (index = 0) => eventually(() => connections.get(index), `connection ${index} passes the relay`),
    async close() {
      for (const connection of connections.values()) connection.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
