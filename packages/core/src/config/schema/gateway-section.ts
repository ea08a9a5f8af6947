import { ADMIN } from './admin-section.js';
import { GLOBAL_AUTHENTICATION, ROUTE_AUTHENTICATION } from './authentication-section.js';
import {
  decimal,
  flag,
  integer,
  integers,
  list,
  object,
  type ObjectKey,
  text,
  texts,
  type KeySchema,
} from './key-schema.js';
import { GLOBAL_RATE_LIMIT, ROUTE_RATE_LIMIT } from './rate-limit-section.js';
import { RESILIENCE } from './resilience-section.js';
import { GLOBAL_TELEMETRY, ROUTE_TELEMETRY } from './telemetry-section.js';

const MAX_MS = 2_147_483_647;

function milliseconds(description: string, fallback: number): KeySchema {
  return integer(description, { default: fallback, minimum: 0, maximum: MAX_MS });
}

function count(description: string): KeySchema {
  return integer(description, { default: 0, minimum: 0 });
}

/** Keys of `Gateway` that stand in the global section and on each route; the route's value wins. */
const ROUTE_KEYS: Readonly<Record<string, KeySchema>> = {
  Transfer: text(
    'How bytes move once the socket is open. `framed` walks RFC 6455 frame headers: it counts messages, knows close codes and drains at frame boundaries. `opaque` knows bytes only: for peers that do not keep to the protocol.',
    { default: 'framed', values: ['framed', 'opaque'] },
  ),
  ConnectTimeoutMs: milliseconds(
    'Time for the TCP and TLS connect to one endpoint, in milliseconds; 0 means no limit.',
    5000,
  ),
  HandshakeTimeoutMs: milliseconds(
    'Time for the whole way from the request to the 101 of the backend, in milliseconds; 0 means no limit. `Timeout` (in seconds) sets it too; this key wins where both stand on the same level.',
    10_000,
  ),
  CloseTimeoutMs: milliseconds(
    'How long a peer may take to answer a Close frame before its socket is destroyed, in milliseconds.',
    5000,
  ),
  IdleTimeoutMs: milliseconds(
    'Close 1001 after this many milliseconds without a single byte in either direction; 0 means never. Pings and pongs are bytes too, also those of `Ping`: where peers answer pings, `AppIdleTimeoutMs` is what ends idle sockets. A plain HTTP request ends as well when its bodies stand still that long.',
    0,
  ),
  AppIdleTimeoutMs: milliseconds(
    'Close 1001 after this many milliseconds without a data message in either direction (pings do not count); 0 means never.',
    0,
  ),
  MaxLifetimeMs: milliseconds(
    'Close 1012 at a message boundary after that age, in milliseconds, so that clients spread over new endpoints; 0 means never.',
    0,
  ),
  MaxLifetimeJitter: decimal(
    'Share of `MaxLifetimeMs`, 0 to 1, by which sockets end earlier, each by a random part of it.',
    { default: 0.1, minimum: 0, maximum: 1 },
  ),
  Ping: object('Ping', 'Pings that the gateway itself writes, to notice peers that vanished.', {
    IntervalMs: milliseconds('A leg that sent nothing for this many milliseconds is pinged; 0 means never.', 0),
    TimeoutMs: milliseconds(
      'A leg that sends nothing for this many milliseconds after a ping, and takes nothing of what is queued for it, is dead; 0 means never.',
      10_000,
    ),
    Legs: text('Which legs are pinged.', { default: 'both', values: ['client', 'backend', 'both'] }),
  }),
  MaxMessageBytes: count(
    'Largest message from either side, in bytes; a larger one ends the connection with 1009 and is not passed on. 0 means no limit. On a route with this limit no extension (permessage-deflate) is agreed between the two ends, so that a message is as large as it is on the wire; where a plugin decides about messages, the size counts after decompression.',
  ),
  MaxFramesPerMessage: count(
    'Most frames of one message, empty ones included; more end the connection with 1008. 0 means no limit.',
  ),
  MaxFrameRate: count(
    'Most frames a second from one peer, pings and pongs included; more end the connection with 1008. A burst of as many frames may come at once. 0 means no limit.',
  ),
  MaxConnections: count(
    'Most open upgrades of a route, all workers of the gateway together; the next one is answered 503. 0 means no limit. Plain HTTP requests do not count.',
  ),
  MaxConnectionsPerIp: count(
    'Most open upgrades of a route from one client address, all workers of the gateway together; the next one is answered 429. 0 means no limit. Plain HTTP requests do not count.',
  ),
  AllowedOrigins: texts(
    'Origins that may open sockets: exact ones (`https://app.example.com`) or `https://*.example.com`. Others are answered 403. Empty allows every origin. Plain HTTP requests are not asked: browsers keep their answers from other origins.',
  ),
  ForwardedHeaders: text(
    'Headers that tell the backend about the client. What arrives from a peer outside `TrustedProxies` is replaced, else appended to.',
    { default: 'x-forwarded', values: ['x-forwarded', 'forwarded', 'both', 'off'] },
  ),
  Compression: object(
    'Compression',
    'permessage-deflate (RFC 7692) of the gateway itself, negotiated with each side apart. It is for routes on which a plugin decides about messages; on others compression is between client and backend and passes as it is.',
    {
      Legs: text('With whom the gateway compresses, where the other end wants it too.', {
        default: 'off',
        values: ['off', 'client', 'backend', 'both'],
      }),
      ThresholdBytes: integer('Smaller messages are sent as they are.', { default: 1024, minimum: 0 }),
      WindowBits: integer(
        'Size of the window, as a power of two. A side that compresses takes about 2^(WindowBits + 3) bytes and decompresses with 2^WindowBits.',
        { default: 12, minimum: 9, maximum: 15 },
      ),
      ContextTakeover: flag(
        'Compress each message with the ones before it in mind: smaller on the wire. Off: each message stands alone.',
      ),
    },
  ),
  BackendTls: object('BackendTls', 'TLS towards the backends of `wss` and `https` routes.', {
    CaFile: text('PEM file of the authorities that backends are checked against, in place of the system’s.'),
    CertFile: text('PEM file of the certificate chain that is shown to backends; with `KeyFile`.'),
    KeyFile: text('PEM file of its private key.'),
    ServerName: text(
      'Name that backends are asked for (SNI) and that their certificate must hold, in place of their host.',
    ),
  }),
  Authentication: ROUTE_AUTHENTICATION,
  RateLimit: ROUTE_RATE_LIMIT,
  Resilience: RESILIENCE,
  Telemetry: ROUTE_TELEMETRY,
  MaxRequestBodyBytes: count(
    'Largest body of a plain HTTP request, in bytes; a larger one is answered 413. 0 means no limit: bodies are streamed, never gathered.',
  ),
  TcpKeepAliveMs: milliseconds('Operating-system keep-alive on both legs, in milliseconds; 0 switches it off.', 30_000),
  Retry: object('Retry', 'What happens when an endpoint cannot be reached.', {
    Attempts: integer('Other endpoints tried when connect or handshake fails before anything reached the client.', {
      default: 2,
      minimum: 0,
      maximum: 100,
    }),
    On: integers(
      'Statuses of a backend after which another endpoint is tried as well, such as 502, 503 and 504: for an upgrade, and for a GET or HEAD request without a body. Where no other is left the answer is passed on. Empty: every answer is passed on.',
      { minimum: 400, maximum: 599 },
    ),
  }),
};

const DRAIN = object('Drain', 'How open sockets are asked to leave when the gateway stops.', {
  DeadlineMs: milliseconds('What is still open after this many milliseconds is cut.', 30_000),
  SpreadMs: milliseconds(
    'Close frames are spread over this many milliseconds, so that clients do not return in one wave.',
    10_000,
  ),
  CloseCode: integer('Code of the Close frames.', { default: 1012, minimum: 1000, maximum: 4999 }),
});

/** `Routes[].Gateway` and `DynamicRoutes[].Gateway`: our own options, which .NET Ocelot ignores. */
export const ROUTE_GATEWAY: ObjectKey = object(
  'RouteGateway',
  'Options of this gateway for one route. They win over GlobalConfiguration.Gateway. Ocelot for .NET ignores the section.',
  ROUTE_KEYS,
);

/** `GlobalConfiguration.Gateway`: defaults for all routes, and settings of the whole process. */
export const GLOBAL_GATEWAY: ObjectKey = object(
  'GlobalGateway',
  'Options of this gateway: defaults for all routes and settings of the process. Ocelot for .NET ignores the section.',
  {
    ...ROUTE_KEYS,
    Authentication: GLOBAL_AUTHENTICATION,
    RateLimit: GLOBAL_RATE_LIMIT,
    Telemetry: GLOBAL_TELEMETRY,
    TrustedProxies: texts(
      'Addresses and ranges (10.0.0.0/8) of proxies whose `X-Forwarded-*` and `Forwarded` headers are believed; `unix:` for whoever connects through a Unix-domain socket.',
    ),
    MaxPendingHandshakes: integer(
      'Most client connections of this process (with workers: of each) that are not an open WebSocket yet: silent ones, unfinished requests, handshakes that wait for a backend, answers that are being read. The next one is answered 503, and in a flood it is closed without an answer; open sockets are not touched. 0 means no limit.',
      { default: 4096, minimum: 0 },
    ),
    MaxConnectionsTotal: count(
      'Most client connections of this process (with workers: of each), open sockets and unfinished handshakes together; the next one is answered 503. Each open socket needs two file descriptors. 0 means no limit.',
    ),
    MaxHeaderBytes: integer(
      'Largest head of a request (request line and headers), in bytes; a larger one is answered 431. Read when the gateway starts.',
      { default: 65_536, minimum: 1024, maximum: 1_048_576 },
    ),
    HeadersTimeoutMs: integer(
      'Time from the connect to the end of the head of a request, in milliseconds; then it is answered 408.',
      { default: 10_000, minimum: 100, maximum: MAX_MS },
    ),
    Drain: DRAIN,
    CloseOnRouteRemoval: flag(
      'End the sockets of a route that a reload removes. Off: they stay until they end by themselves.',
    ),
    OcelotStatusCodes: flag(
      "Answer with Ocelot's status codes where ours differ: 404 without an endpoint, 503 when the backend is too late.",
    ),
    Tls: object(
      'Tls',
      'TLS towards clients: with a certificate the gateway speaks `https` and `wss`. Relative paths start from the working directory; files that change are read again without a restart.',
      {
        CertFile: text('PEM file of the certificate chain.'),
        KeyFile: text('PEM file of the private key.'),
        Certificates: list(
          'Further certificates, each for the names it holds (SNI). The first of all is for clients that ask for another name, or for none.',
          object('Certificate', 'A certificate of the gateway.', {
            CertFile: text('PEM file of the certificate chain.'),
            KeyFile: text('PEM file of the private key.'),
          }),
        ),
        CaFile: text('PEM file of the authorities that client certificates are checked against.'),
        RequestClientCert: flag('Ask clients for a certificate; one that does not verify ends the connection.'),
        RequireClientCert: flag('Let only clients with a certificate in.'),
        MinVersion: text('Oldest version of TLS.', { default: 'TLSv1.2', values: ['TLSv1.2', 'TLSv1.3'] }),
      },
    ),
    Http2: flag('With `Tls`: accept HTTP/2 beside HTTP/1.1 on the same port, WebSockets over it too (RFC 8441).', {
      default: true,
    }),
    ProxyProtocol: flag(
      'Connections begin with a PROXY protocol header, version 1 or 2, that tells the client’s address. Where `TrustedProxies` lists any address, only those may connect. Read when the gateway starts.',
    ),
    Admin: ADMIN,
  },
);
