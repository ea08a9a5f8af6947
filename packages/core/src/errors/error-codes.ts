import type { ErrorCatalogueEntry } from './error-catalogue-entry.js';

/** The stable name of a failure. */
export type ErrorCode =
  | 'OCELOT_ERR_UPGRADE_INVALID'
  | 'OCELOT_ERR_REQUEST_INVALID'
  | 'OCELOT_ERR_BODY_TOO_BIG'
  | 'OCELOT_ERR_REQUEST_TIMEOUT'
  | 'OCELOT_ERR_ROUTE_NOT_FOUND'
  | 'OCELOT_ERR_UNAUTHENTICATED'
  | 'OCELOT_ERR_FORBIDDEN'
  | 'OCELOT_ERR_TOKEN_EXPIRED'
  | 'OCELOT_ERR_TOKEN_REVOKED'
  | 'OCELOT_ERR_FIRST_MESSAGE_TIMEOUT'
  | 'OCELOT_ERR_IDENTITY_UNAVAILABLE'
  | 'OCELOT_ERR_RATE_LIMITED'
  | 'OCELOT_ERR_TOO_MANY_CONNECTIONS'
  | 'OCELOT_ERR_HANDSHAKE_TIMEOUT'
  | 'OCELOT_ERR_CLIENT_GONE'
  | 'OCELOT_ERR_NO_ENDPOINT'
  | 'OCELOT_ERR_CIRCUIT_OPEN'
  | 'OCELOT_ERR_STAGE_FAILED'
  | 'OCELOT_ERR_BACKEND_UNREACHABLE'
  | 'OCELOT_ERR_BACKEND_TIMEOUT'
  | 'OCELOT_ERR_BACKEND_HANDSHAKE_INVALID'
  | 'OCELOT_ERR_BACKEND_ANSWER_INVALID'
  | 'OCELOT_ERR_BACKEND_LOST'
  | 'OCELOT_ERR_FRAME_INVALID'
  | 'OCELOT_ERR_MESSAGE_TOO_BIG'
  | 'OCELOT_ERR_FRAME_LIMIT'
  | 'OCELOT_ERR_HOOK_FAILED'
  | 'OCELOT_ERR_CLOSED_BY_PLUGIN'
  | 'OCELOT_ERR_PEER_SILENT'
  | 'OCELOT_ERR_IDLE_TIMEOUT'
  | 'OCELOT_ERR_LIFETIME_OVER'
  | 'OCELOT_ERR_CLOSE_TIMEOUT'
  | 'OCELOT_ERR_DRAINING'
  | 'OCELOT_ERR_PLUGIN_MISSING'
  | 'OCELOT_ERR_CONFIG_INVALID';

/**
 * Every way in which the gateway refuses or ends a connection. `docs/reference/errors.md` is generated from it, and a
 * test checks that each code is raised by at least one test.
 */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorCatalogueEntry>> = {
  OCELOT_ERR_UPGRADE_INVALID: {
    status: 400,
    closeCode: undefined,
    source: 'client',
    message: 'The request is not a valid WebSocket handshake.',
    remedy: 'Look at the reason in the answer: it names the header that breaks RFC 6455 §4.2.1 (400, 405 or 426).',
  },
  OCELOT_ERR_REQUEST_INVALID: {
    status: 400,
    closeCode: undefined,
    source: 'client',
    message: 'The request is not valid HTTP.',
    remedy: 'Look at the reason in the answer: it names what breaks RFC 9110 or RFC 9112.',
  },
  OCELOT_ERR_BODY_TOO_BIG: {
    status: 413,
    closeCode: undefined,
    source: 'client',
    message: 'The body of the request is larger than the route allows.',
    remedy: 'Raise `Gateway.MaxRequestBodyBytes`, or send less.',
  },
  OCELOT_ERR_REQUEST_TIMEOUT: {
    status: 408,
    closeCode: undefined,
    source: 'client',
    message: 'The request took too long.',
    remedy: 'The client stopped in the middle of its request. Raise `Gateway.IdleTimeoutMs` if it is slow on purpose.',
  },
  OCELOT_ERR_ROUTE_NOT_FOUND: {
    status: 404,
    closeCode: undefined,
    source: 'client',
    message: 'No route answers this request.',
    remedy: 'Run `ocelot explain GET <url> --websocket` to see why each route declines.',
  },
  OCELOT_ERR_UNAUTHENTICATED: {
    status: 401,
    closeCode: 1008,
    source: 'client',
    message: 'Authentication is required.',
    remedy: 'Send credentials that one of the providers of the route accepts.',
  },
  OCELOT_ERR_FORBIDDEN: {
    status: 403,
    closeCode: 1008,
    source: 'client',
    message: 'The request is not allowed.',
    remedy:
      'The log line says which rule of the route it was: IP lists (`SecurityOptions`), `Gateway.AllowedOrigins`, `AllowedScopes`, `RouteClaimsRequirement`, or a protection that no plugin enforces.',
  },
  OCELOT_ERR_TOKEN_EXPIRED: {
    status: 401,
    closeCode: 4401,
    source: 'client',
    message: 'The credentials have expired.',
    remedy: 'Connect again with new credentials, or renew them before they expire.',
  },
  OCELOT_ERR_TOKEN_REVOKED: {
    status: 401,
    closeCode: 4401,
    source: 'client',
    message: 'The credentials were revoked.',
    remedy: 'Somebody revoked the token, its subject or a claim of it: connect again with other credentials.',
  },
  OCELOT_ERR_FIRST_MESSAGE_TIMEOUT: {
    status: 0,
    closeCode: 4408,
    source: 'client',
    message: 'The first message did not come in time.',
    remedy: 'The route takes credentials from the first message: send it at once, or raise its time limit.',
  },
  OCELOT_ERR_IDENTITY_UNAVAILABLE: {
    status: 503,
    closeCode: 1013,
    source: 'gateway',
    message: 'Credentials cannot be checked now.',
    remedy: 'The issuer of keys or the introspection endpoint does not answer: look at the cause in the log line.',
  },
  OCELOT_ERR_RATE_LIMITED: {
    status: 429,
    closeCode: 1008,
    source: 'client',
    message: 'Too many requests.',
    remedy:
      'The log line names the limit: `RateLimitOptions`, `Gateway.RateLimit` or `Gateway.MaxConnectionsPerIp`. Raise it, or have the client send less.',
  },
  OCELOT_ERR_TOO_MANY_CONNECTIONS: {
    status: 503,
    closeCode: undefined,
    source: 'gateway',
    message: 'The route carries as many connections as it may.',
    remedy: 'Raise `Gateway.MaxConnections`, or add gateways.',
  },
  OCELOT_ERR_HANDSHAKE_TIMEOUT: {
    status: 408,
    closeCode: undefined,
    source: 'client',
    message: 'The handshake took too long.',
    remedy: 'Raise `Gateway.HandshakeTimeoutMs` if clients are slow on purpose.',
  },
  OCELOT_ERR_CLIENT_GONE: {
    status: 0,
    closeCode: 1001,
    source: 'client',
    message: 'The client left.',
    remedy: 'Nothing: clients leave. Logged as status 499 when it happened before the 101.',
  },
  OCELOT_ERR_NO_ENDPOINT: {
    status: 503,
    closeCode: undefined,
    source: 'gateway',
    message: 'No backend is available for this route.',
    remedy:
      'Look at the service in its registry: no instance is passing. On a route with `Gateway.Resilience` look for `endpoint is unhealthy` and `endpoint ejected` in the log. Ocelot answers 404 here.',
  },
  OCELOT_ERR_CIRCUIT_OPEN: {
    status: 503,
    closeCode: 1013,
    source: 'backend',
    message: 'The backends of this route failed too often; it is tried again soon.',
    remedy: 'Look at the failures before it in the log. `QoSOptions` says how many open the circuit, and for how long.',
  },
  OCELOT_ERR_STAGE_FAILED: {
    status: 500,
    closeCode: 1011,
    source: 'gateway',
    message: 'The gateway failed to process the request.',
    remedy: 'A stage threw something that is not a GatewayError: the log line names it and holds the cause.',
  },
  OCELOT_ERR_BACKEND_UNREACHABLE: {
    status: 502,
    closeCode: undefined,
    source: 'backend',
    message: 'The backend cannot be reached.',
    remedy: 'Look at the endpoint in the log line: refused, unknown host, or a TLS failure.',
  },
  OCELOT_ERR_BACKEND_TIMEOUT: {
    status: 504,
    closeCode: undefined,
    source: 'backend',
    message: 'The backend did not answer in time.',
    remedy: 'Raise `Gateway.ConnectTimeoutMs`, `Gateway.HandshakeTimeoutMs` or `Timeout`. Ocelot answers 503 here.',
  },
  OCELOT_ERR_BACKEND_HANDSHAKE_INVALID: {
    status: 502,
    closeCode: undefined,
    source: 'backend',
    message: 'The backend answered the handshake wrongly.',
    remedy: 'The log line names the fault (RFC 6455 §4.1): the service behind the endpoint is no WebSocket server.',
  },
  OCELOT_ERR_BACKEND_ANSWER_INVALID: {
    status: 502,
    closeCode: undefined,
    source: 'backend',
    message: 'The backend answered with something that is not valid HTTP.',
    remedy:
      'The log line names the fault (RFC 9112): the service behind the endpoint is no HTTP server, or a broken one.',
  },
  OCELOT_ERR_BACKEND_LOST: {
    status: 502,
    closeCode: 1014,
    source: 'backend',
    message: 'The connection to the backend was lost.',
    remedy: 'The backend ended its connection without a Close frame: look at its log.',
  },
  OCELOT_ERR_FRAME_INVALID: {
    status: 0,
    closeCode: 1002,
    source: 'client',
    message: 'A frame breaks RFC 6455.',
    remedy: 'The log line says which side sent it and which rule it breaks. `"Transfer": "opaque"` does not look.',
  },
  OCELOT_ERR_MESSAGE_TOO_BIG: {
    status: 0,
    closeCode: 1009,
    source: 'client',
    message: 'A message is larger than the route allows.',
    remedy: 'The log line says which side sent it. Raise `Gateway.MaxMessageBytes`, or send smaller messages.',
  },
  OCELOT_ERR_FRAME_LIMIT: {
    status: 0,
    closeCode: 1008,
    source: 'client',
    message: 'A peer sent more frames than the route allows.',
    remedy:
      'The log line says which side and which limit: raise `Gateway.MaxFramesPerMessage` or `Gateway.MaxFrameRate`, or send fewer frames.',
  },
  OCELOT_ERR_HOOK_FAILED: {
    status: 0,
    closeCode: 1011,
    source: 'gateway',
    message: 'The gateway failed to process a message.',
    remedy: 'A tap of a plugin threw: the log line names it and holds the cause.',
  },
  OCELOT_ERR_CLOSED_BY_PLUGIN: {
    status: 0,
    closeCode: 1008,
    source: 'gateway',
    message: 'A plugin of the gateway ended the connection.',
    remedy: 'The log line holds the code and the reason that the plugin gave; 1008 is only what most give.',
  },
  OCELOT_ERR_PEER_SILENT: {
    status: 0,
    closeCode: 1011,
    source: 'client',
    message: 'The other side does not answer any more.',
    remedy:
      'The log line says which side left `Gateway.Ping` unanswered: its host or a network between is gone. A silent client is told to the backend with 1001.',
  },
  OCELOT_ERR_IDLE_TIMEOUT: {
    status: 0,
    closeCode: 1001,
    source: 'gateway',
    message: 'The connection was idle for too long.',
    remedy:
      'Raise `Gateway.IdleTimeoutMs` or `Gateway.AppIdleTimeoutMs` (the log line says which). Pings of either side count for the first, never for the second.',
  },
  OCELOT_ERR_LIFETIME_OVER: {
    status: 0,
    closeCode: 1012,
    source: 'gateway',
    message: 'The connection is as old as the route allows.',
    remedy: 'Connect again: `Gateway.MaxLifetimeMs` ends every connection at that age, to spread them anew.',
  },
  OCELOT_ERR_CLOSE_TIMEOUT: {
    status: 0,
    closeCode: undefined,
    source: 'gateway',
    message: 'A peer did not finish the closing handshake in time.',
    remedy: 'Raise `Gateway.CloseTimeoutMs` if peers need longer to answer a Close frame.',
  },
  OCELOT_ERR_DRAINING: {
    status: 503,
    closeCode: 1012,
    source: 'gateway',
    message: 'The gateway is shutting down.',
    remedy: 'Connect again: another gateway, or this one after its restart, answers.',
  },
  OCELOT_ERR_PLUGIN_MISSING: {
    status: 500,
    closeCode: undefined,
    source: 'gateway',
    message: 'The configuration names something that no plugin registered.',
    remedy: 'Install the package named in the message and add its plugin.',
  },
  OCELOT_ERR_CONFIG_INVALID: {
    status: 500,
    closeCode: undefined,
    source: 'gateway',
    message: 'The configuration cannot be used.',
    remedy: 'Run `ocelot validate`: it lists every problem with file, place and remedy.',
  },
};
