import { decimal, integer, object, type ObjectKey, text, texts, type KeySchema } from './key-schema.js';

const BY =
  'What clients are told apart by, the first that a request has: `header` (`ClientIdHeader`), `header:NAME`, `ip`, `cookie:NAME`, `query:NAME`, `subject` or `claim:NAME` of whoever was authenticated, `route` (all clients of the route together).';

function rate(name: string, whose: string): ObjectKey {
  return object(name, `Rate of ${whose}.`, {
    PerSecond: decimal('So much may pass in a second, in the long run; 0 means no limit.', { default: 0, minimum: 0 }),
    Burst: decimal('So much may pass at once after a pause; 0 means what passes in a second.', {
      default: 0,
      minimum: 0,
    }),
  });
}

function stream(name: string, unit: string): ObjectKey {
  return object(
    `RateLimit${name}`,
    `How many ${unit} may pass through open sockets. Counted in each process: with workers, and with several gateways, each has its own. Not with \`"Transfer": "opaque"\`.`,
    {
      PerConnection: rate(`RateLimit${name}PerConnection`, 'each socket'),
      PerClient: rate(`RateLimit${name}PerClient`, 'all sockets of one client of the route, as `By` names it'),
      PerRoute: rate(`RateLimit${name}PerRoute`, 'all sockets of the route'),
      From: text('Whose messages are counted; with `both` each side has its own count.', {
        default: 'client',
        values: ['client', 'backend', 'both'],
      }),
      Action: text(
        'What happens beyond a rate. `pause` reads no more of the sender until its rate allows it: nothing is lost, the sender feels backpressure. `drop` loses whole messages; the gateway then takes messages apart as for a message hook. `close` ends the socket.',
        { default: 'pause', values: ['pause', 'drop', 'close'] },
      ),
      CloseCode: integer('Code of the Close frame: 1008 (policy violation) or 1013 (try again later).', {
        default: 1008,
        minimum: 1008,
        maximum: 1013,
      }),
    },
  );
}

const ROUTE_KEYS: Readonly<Record<string, KeySchema>> = {
  By: texts(
    `${BY} For \`RateLimitOptions\` \`header\` is the default, as in Ocelot; browsers cannot send it on a WebSocket, so \`["header", "ip"]\` is what they need. A request that has none of the list is answered 503. For \`Messages\` and \`Bytes\` the default is \`ip\`. A socket that has none of the list counts by its address.`,
  ),
  Ipv6PrefixLength: integer(
    'Bits of an IPv6 address that stand for one client: one subscriber is given a whole network.',
    { default: 64, minimum: 1, maximum: 128 },
  ),
  Connections: object(
    'RateLimitConnections',
    'How many sockets one client may have open on a route, all workers of the gateway together; the next one is answered 429. Plain HTTP requests do not count.',
    {
      Max: integer('Most open sockets of one client; 0 means no limit.', { default: 0, minimum: 0 }),
      By: texts(`${BY} Default: \`By\` of the section above, else \`["subject", "ip"]\`.`),
    },
  ),
  Messages: stream('Messages', 'messages'),
  Bytes: stream('Bytes', 'bytes of payload, as they are on the wire,'),
};

const STORE = object(
  'RateLimitStore',
  'Where the requests of `RateLimitOptions` are counted. Sockets, messages and bytes are not counted there.',
  {
    Type: text(
      '`memory` counts in each process: with workers, and with several gateways, each has its own. `redis` counts for all of them, in Redis 5 or later or in Valkey.',
      { default: 'memory', values: ['memory', 'redis'] },
    ),
    Url: text(
      'Address of the Redis server, with user and password where it needs them: `redis://HOST:PORT/DATABASE`, `rediss://` for TLS.',
    ),
    UrlEnv: text('Environment variable that holds the address, so that its password does not stand in the file.'),
    UrlFile: text('File that holds the address; read when the configuration is.'),
    Tls: object('RateLimitStoreTls', 'TLS towards the Redis server.', {
      CaFile: text('PEM file of the authorities that the server is checked against, in place of the system’s.'),
      CertFile: text('PEM file of the certificate chain that is shown to the server; with `KeyFile`.'),
      KeyFile: text('PEM file of its private key.'),
      ServerName: text('Name that the certificate of the server must hold, in place of its host.'),
    }),
    KeyPrefix: text('Begins the name of every counter.', { default: 'ocelot:rate-limit:' }),
    TimeoutMs: integer('Longest wait of a request for the store, in milliseconds.', {
      default: 250,
      minimum: 1,
      maximum: 10_000,
    }),
    OnFailure: text(
      'What happens while the store does not answer. `local`: each process counts for itself. `open`: requests pass uncounted. `closed`: they are answered 503.',
      { default: 'local', values: ['local', 'open', 'closed'] },
    ),
    MaxKeys: integer(
      'Most counters in the memory of one process, 200 bytes each; the oldest give way. Also for `redis` while it does not answer.',
      { default: 100_000, minimum: 1, maximum: 10_000_000 },
    ),
  },
);

/** `Gateway.RateLimit` of a route. */
export const ROUTE_RATE_LIMIT: ObjectKey = object(
  'RouteRateLimit',
  'Limits beyond `RateLimitOptions`: by what clients are told apart, and what their open sockets may take. A route’s section replaces the global one as a whole.',
  ROUTE_KEYS,
  { needs: '@ocelot/rate-limit' },
);

/** `GlobalConfiguration.Gateway.RateLimit`. */
export const GLOBAL_RATE_LIMIT: ObjectKey = object(
  'GlobalRateLimit',
  'Limits beyond `RateLimitOptions`, for routes without a section of their own, and the store that requests are counted in.',
  { ...ROUTE_KEYS, Store: STORE },
  { needs: '@ocelot/rate-limit' },
);
