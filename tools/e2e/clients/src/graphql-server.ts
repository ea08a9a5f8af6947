import { setTimeout as sleep } from 'node:timers/promises';

import { buildSchema, execute, subscribe, validate } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

import type { Attach } from './real-backend.ts';

/** Time between two items of the subscription, in milliseconds. */
const TICK_MS = 10;

const SCHEMA = buildSchema(`
  type Query { server: String!, echo(text: String!): String! }
  type Subscription { ticks(count: Int!): Tick! }
  type Tick { server: String!, number: Int! }
`);

/** A graphql-ws server at `/graphql`; without the parameter `token: good` it closes with 4403. */
export const graphqlServer: Attach = (server, name) => {
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  sockets.on('error', () => undefined); // The HTTP server's errors are its owner's.
  const roots = {
    server: () => name,
    echo: ({ text }: { text: string }) => text,
    ticks: ({ count }: { count: number }) => ticks(name, count),
  };
  useServer(
    // Named, because a second copy of graphql may lie behind graphql-ws's own imports, and copies refuse each other.
    {
      execute,
      subscribe,
      validate,
      schema: SCHEMA,
      roots: { query: roots, subscription: roots },
      onConnect: isWelcome,
    },
    sockets,
    50, // Milliseconds between the server's pings.
  );
  return sockets;
};

function isWelcome({
  connectionParams,
}: {
  readonly connectionParams?: Readonly<Record<string, unknown>> | undefined;
}): boolean {
  return connectionParams?.['token'] === 'good';
}

async function* ticks(server: string, count: number): AsyncGenerator {
  for (let number = 0; number < count; number += 1) {
    yield { ticks: { server, number } };
    await sleep(TICK_MS);
  }
}
