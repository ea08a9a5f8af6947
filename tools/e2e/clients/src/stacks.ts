/** A client that is driven through the gateway against its real server: a row of the page that lists who was tested. */
export interface Stack {
  /** As its makers write it. */
  readonly name: string;
  /**
   * npm packages under test, client first, by the names they are installed under; their versions stand in this
   * folder's package.json. Empty for what comes from elsewhere: `versions` says then what it is.
   */
  readonly packages: readonly string[];
  /** Versions of what is no npm package, by name. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly transports: readonly string[];
  /** What is done with it, in a reader's words. */
  readonly exercised: string;
  /** How a client comes back to the same of several backends; undefined where any backend will do. */
  readonly sticky?: string;
  /** What it does when its backend is restarted. */
  readonly restart: string;
  /** Test files beside this folder. */
  readonly files: readonly string[];
}

/** Clients in JavaScript. */
export const JAVASCRIPT_STACKS: readonly Stack[] = [
  {
    name: 'ws',
    packages: ['ws'],
    transports: ['WebSocket'],
    exercised: 'text, 3 MB of bytes, permessage-deflate, subprotocols, ping and pong, close codes, query',
    restart: 'sees close code 1014 and connects again',
    files: ['quick/plain-sockets.test.ts', 'full/plain-sockets.test.ts', 'full/gateway-restart.test.ts'],
  },
  {
    name: 'undici',
    packages: ['undici'],
    transports: ['WebSocket'],
    exercised: 'text, 3 MB of bytes, subprotocols, close codes, query',
    restart: 'sees close code 1014 and connects again',
    files: ['quick/plain-sockets.test.ts', 'full/plain-sockets.test.ts'],
  },
  {
    name: 'faye-websocket',
    packages: ['faye-websocket'],
    transports: ['WebSocket'],
    exercised: 'text, 3 MB of bytes, subprotocols, close codes, query',
    restart: 'sees close code 1014, which it knows as 1002 only, and connects again',
    files: ['quick/plain-sockets.test.ts', 'full/plain-sockets.test.ts'],
  },
  {
    name: "Node's http and https",
    packages: [],
    versions: { Node: '20.19 and later' },
    transports: ['WebSocket'],
    exercised: 'the 101 and the frames after it, by the event `upgrade`',
    restart: 'gets the Close frame with 1014',
    files: ['quick/plain-sockets.test.ts', 'full/plain-sockets.test.ts'],
  },
  {
    name: 'Socket.IO',
    packages: ['socket.io-client', 'socket.io'],
    transports: ['polling and upgrade', 'WebSocket', 'polling'],
    exercised: 'acknowledgements, binary, rooms, heartbeats, refusal by a namespace',
    sticky:
      'AffinityCookie, CookieStickySessions with its cookie `io`, ConsistentHash on a query parameter; the first two also with Consul, while instances leave and die',
    restart: 'connects again by itself',
    files: [
      'quick/socket-io.test.ts',
      'quick/consul.test.ts',
      'full/socket-io.test.ts',
      'full/consul.test.ts',
      'full/gateway-restart.test.ts',
    ],
  },
  {
    name: 'Engine.IO',
    packages: ['engine.io-client', 'engine.io'],
    transports: ['polling and upgrade', 'WebSocket', 'polling'],
    exercised: 'text, 200 kB of bytes, messages during the upgrade, the first packet of many connections',
    sticky: 'ConsistentHash on a query parameter, AffinityCookie, CookieStickySessions with its cookie',
    restart: 'sees close code 1014 and connects again',
    files: ['quick/engine-io.test.ts', 'full/engine-io.test.ts'],
  },
  {
    name: 'SignalR, with a hub after the published protocol',
    packages: ['@microsoft/signalr'],
    transports: ['negotiate and WebSocket', 'WebSocket with skipNegotiation', 'Server-Sent Events', 'long polling'],
    exercised: 'calls, failures, calls from the server, streams in both directions, pings of both sides',
    sticky: 'AffinityCookie, ConsistentHash on the address; the first also with Consul, while instances leave and die',
    restart: 'connects again by itself (`withAutomaticReconnect`)',
    files: [
      'quick/signalr.test.ts',
      'quick/consul.test.ts',
      'full/signalr.test.ts',
      'full/consul.test.ts',
      'full/gateway-restart.test.ts',
    ],
  },
  {
    name: 'graphql-ws',
    packages: ['graphql-ws', 'graphql'],
    transports: ['WebSocket'],
    exercised: 'queries, subscriptions to their end, pings, close code 4403',
    restart: 'connects again and goes on with its subscriptions by itself (with `shouldRetry`)',
    files: ['quick/graphql-ws.test.ts', 'full/graphql-ws.test.ts', 'full/gateway-restart.test.ts'],
  },
  {
    name: 'SockJS',
    packages: ['sockjs-client', 'sockjs'],
    transports: ['WebSocket', 'xhr-streaming', 'EventSource', 'xhr-polling'],
    exercised: 'text up to 100 kB in its order, close codes and reasons',
    sticky: 'ConsistentHash on the address',
    restart:
      'sees the loss and connects again; in Node a stream that breaks off over TLS is noticed with the next message only',
    files: ['quick/sockjs.test.ts', 'full/sockjs.test.ts'],
  },
  {
    name: 'Yjs with y-websocket',
    packages: ['y-websocket', 'y-websocket-server', 'yjs'],
    transports: ['WebSocket'],
    exercised: 'documents that two edit at once converge; awareness',
    sticky: 'ConsistentHash on a query parameter that names the document',
    restart: 'converges again by itself, with what was written meanwhile',
    files: ['quick/yjs.test.ts', 'full/yjs.test.ts', 'full/gateway-restart.test.ts'],
  },
  {
    name: 'tRPC',
    packages: ['@trpc/client', '@trpc/server', 'eventsource'],
    transports: ['HTTP', 'Server-Sent Events', 'WebSocket'],
    exercised: 'queries, mutations, batches, tracked subscriptions',
    restart: 'goes on with its subscriptions by itself where they were; over Server-Sent Events with its `retryLink`',
    files: ['quick/trpc.test.ts', 'full/trpc.test.ts', 'full/gateway-restart.test.ts'],
  },
  {
    name: 'Primus',
    packages: ['primus'],
    transports: ['WebSocket'],
    exercised: 'values up to 100 kB, heartbeats',
    restart: 'connects again by itself',
    files: ['quick/primus.test.ts', 'full/primus.test.ts'],
  },
];
