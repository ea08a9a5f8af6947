import { setImmediate as turn } from 'node:timers/promises';

import type { Attach } from './real-backend.ts';
import type { Hub, HubConnection, Invocation } from './signalr-connection.ts';
import { serveSignalR } from './signalr-transports.ts';

/** Time between two pings of the hub, in milliseconds. */
const KEEP_ALIVE_MS = 100;

/**
 * A SignalR hub at `/chat`, written after the published protocol: there is no server of it for Node. It calls `said`
 * on its clients, and has the methods
 *
 * - `Who`: the server's name
 * - `Echo(value)`: the value
 * - `Broadcast(text)`: calls `said(text)` on every client of this server
 * - `Pinged(n)`: nothing, once n pings came from this client
 * - `Fail`: throws
 * - `Leave`: closes the connection, which a client may open again
 * - `Sum(stream)`: the sum of the numbers that the client streams
 * - `Count(n)`: a stream of the numbers below n
 */
export const signalrHub: Attach = (server, name) => {
  const connections = new Set<HubConnection>();
  const hub: Hub = {
    invoke: (call, connection) => answer(call, connection, name, connections),
    stream: ({ values: [limit] }) => count(Number(limit)),
    left: (connection) => connections.delete(connection),
  };
  return serveSignalR(server, {
    path: '/chat',
    hub,
    keepAliveMs: KEEP_ALIVE_MS,
    opened: (one) => connections.add(one),
  });
};

async function answer(
  { target, values, upload }: Invocation,
  connection: HubConnection,
  name: string,
  connections: ReadonlySet<HubConnection>,
): Promise<unknown> {
  switch (target) {
    case 'Who':
      return name;
    case 'Echo':
      return values[0];
    case 'Broadcast':
      for (const each of connections) each.call('said', values[0]);
      return undefined;
    case 'Pinged':
      return connection.pinged(Number(values[0]));
    case 'Leave':
      connection.close();
      return undefined;
    case 'Sum':
      return ((await upload) ?? []).reduce<number>((sum, item) => sum + Number(item), 0);
    default:
      throw new Error(`there is no method ${target}`);
  }
}

async function* count(limit: number): AsyncGenerator<number> {
  for (let number = 0; number < limit; number += 1) {
    yield number;
    await turn();
  }
}
