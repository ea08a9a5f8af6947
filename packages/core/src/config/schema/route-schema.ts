import type { JsonObject, JsonValue } from '../../contracts/json.js';
import { ROUTE_GATEWAY } from './gateway-section.js';
import {
  flag,
  integer,
  type KeySchema,
  list,
  map,
  object,
  type ObjectKey,
  type OldName,
  text,
  texts,
} from './key-schema.js';
import {
  AUTHENTICATION,
  CACHE,
  HOST_AND_PORT,
  HTTP_HANDLER,
  LOAD_BALANCER,
  QOS,
  RATE_LIMIT,
  SECURITY,
} from './option-objects.js';

const SCHEMES = ['ws', 'wss', 'http', 'https'];

/** The key every kind of route has for the scheme of its backends. */
const DOWNSTREAM_SCHEME: KeySchema = text(
  'How backends are spoken to. `http` is taken as `ws` and `https` as `wss` on an upgrade. Empty: as the client came.',
  { examples: SCHEMES },
);

/** `DownstreamHttpVersion` and its policy. */
export const HTTP_VERSION_KEYS: Readonly<Record<string, KeySchema>> = {
  DownstreamHttpVersion: text(
    'HTTP version of the call: 1.0, 1.1, 2.0, or 3.0, which is spoken as 2.0. Upgrades use 1.1.',
    {
      default: '1.1',
      scope: 'http',
    },
  ),
  DownstreamHttpVersionPolicy: text('RequestVersionExact, RequestVersionOrHigher or RequestVersionOrLower.', {
    default: 'RequestVersionOrLower',
    scope: 'http',
  }),
};

const FILE_CACHE_OPTIONS: OldName = { schema: CACHE, becomes: 'CacheOptions' };

function isEmptyList(value: JsonValue | undefined): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

/** Before `DownstreamHostAndPorts` a route named one host and one port. */
const SINGLE_HOST: Readonly<Record<string, OldName>> = {
  DownstreamHost: {
    schema: text('Earlier form of DownstreamHostAndPorts.'),
    becomes: 'DownstreamHostAndPorts',
    translate: (host, existing) => (existing === undefined || isEmptyList(existing) ? [{ Host: host }] : existing),
  },
  DownstreamPort: {
    schema: integer('Earlier form of DownstreamHostAndPorts.'),
    becomes: 'DownstreamHostAndPorts',
    translate: (port, existing) => {
      const hosts = Array.isArray(existing) ? (existing as readonly JsonValue[]) : [];
      const only = hosts.length === 1 ? hosts[0] : undefined;
      if (typeof only !== 'object' || only === null || Array.isArray(only) || 'Port' in only) return hosts;
      return [{ ...(only as JsonObject), Port: port }];
    },
  },
};

/** Keys that static and dynamic routes share. */
const COMMON_ROUTE_KEYS: Readonly<Record<string, KeySchema>> = {
  ServiceName: text('Name of the service in the registry. It wins over DownstreamHostAndPorts.'),
  ServiceNamespace: text('Namespace of the service, where the registry has any.', { default: '' }),
  Key: text('Name of the route: its id in logs, and what RouteKeys of global sections and aggregates refer to.'),
  DownstreamScheme: DOWNSTREAM_SCHEME,
  ...HTTP_VERSION_KEYS,
  AuthenticationOptions: AUTHENTICATION,
  CacheOptions: CACHE,
  HttpHandlerOptions: HTTP_HANDLER,
  LoadBalancerOptions: LOAD_BALANCER,
  QoSOptions: QOS,
  RateLimitOptions: RATE_LIMIT,
  Timeout: integer(
    'Time for connect and handshake of a WebSocket, and until the answer of a plain HTTP request (default 90), in seconds; 0 or less counts as absent. It never ends an open socket or a running answer.',
  ),
  Metadata: map('Free data for plugins; wins over global Metadata.'),
  Gateway: ROUTE_GATEWAY,
};

/** `Routes[]`. */
export const ROUTE: ObjectKey = object(
  'Route',
  'One static route.',
  {
    UpstreamPathTemplate: text('Template that the path of the request is matched against, such as /chat/{room}.', {
      examples: ['/', '/{everything}', '/chat/{room}'],
    }),
    UpstreamHttpMethod: texts(
      'Methods that the route answers; empty means all. An upgrade over HTTP/1.1 is a GET.',
      {},
    ),
    UpstreamHost: text('Host that the request must name; `*.example.com` matches any subdomain. Empty: any host.'),
    UpstreamHeaderTemplates: map('Headers that must match: name → template, {header:name} captures a value.'),
    RouteIsCaseSensitive: flag('Compare path and header templates with case.'),
    Priority: integer('Higher is asked first. A template that is one placeholder, /{anything}, is always 0.', {
      default: 1,
    }),
    DownstreamPathTemplate: text('Path, and query if it has one, sent to the backend; {placeholders} are filled in.', {
      examples: ['/', '/{everything}'],
    }),
    DownstreamHostAndPorts: list('Addresses of the backends.', HOST_AND_PORT),
    DangerousAcceptAnyServerCertificateValidator: flag('Accept any certificate of the backend.'),
    SecurityOptions: SECURITY,
    ...COMMON_ROUTE_KEYS,
    RouteClaimsRequirement: map(
      'Claims the user must have, with their values. Without a plugin that enforces it every request of the route is refused with 403.',
      { scope: 'http', needs: '@ocelot/auth' },
    ),
    AddClaimsToRequest: map('Claims made of other claims.', { scope: 'http', needs: '@ocelot/auth' }),
    AddHeadersToRequest: map('Headers for the backend made of claims.', { scope: 'http', needs: '@ocelot/auth' }),
    AddQueriesToRequest: map('Query parameters for the backend made of claims.', {
      scope: 'http',
      needs: '@ocelot/auth',
    }),
    ChangeDownstreamPathTemplate: map('Placeholders of the path for the backend filled from claims.', {
      scope: 'http',
      needs: '@ocelot/auth',
    }),
    UpstreamHeaderTransform: map(
      'Headers of the request that are changed or added: `"X-A": "text"` sets one, `"X-A": "find, replace"` changes one; {BaseUrl}, {RemoteIpAddress}, {TraceId} and {UpstreamHost} stand for their values. Upgrades too.',
      { scope: 'http' },
    ),
    DownstreamHeaderTransform: map(
      'Headers of the answer that are changed or added, in the same forms; {DownstreamBaseUrl} finds the backend’s own address. Of a 101 too, and of refusals, relayed ones and the gateway’s own.',
      { scope: 'http' },
    ),
    RequestIdKey: text(
      'Header that carries the id of the request: taken from the client (up to 128 visible ASCII characters), else made; sent to the backend, answered, and on every log line as `requestId`.',
      { scope: 'http', examples: ['X-Request-Id', 'OcRequestId'] },
    ),
    DownstreamHttpMethod: text('Method of the call to the backend, in place of the client’s.', { scope: 'http' }),
    DelegatingHandlers: texts('.NET classes around the call to the backend.', {
      scope: 'http',
      unsupported: 'they are .NET classes; write a stage plugin instead',
    }),
  },
  {
    oldNames: {
      ReRouteIsCaseSensitive: {
        schema: flag('Earlier name of RouteIsCaseSensitive.'),
        becomes: 'RouteIsCaseSensitive',
      },
      FileCacheOptions: FILE_CACHE_OPTIONS,
      ...SINGLE_HOST,
      LoadBalancer: {
        schema: text('Earlier form of LoadBalancerOptions.'),
        becomes: 'LoadBalancerOptions',
        translate: (type, existing) => existing ?? { Type: type },
      },
    },
    obsolete: { UseServiceDiscovery: 'Remove it: a ServiceName alone switches discovery on.' },
  },
);

/** `DynamicRoutes[]`. */
export const DYNAMIC_ROUTE: ObjectKey = object(
  'DynamicRoute',
  'Settings of one service under dynamic routing, where the first segment of the path names the service.',
  COMMON_ROUTE_KEYS,
  {
    oldNames: {
      FileCacheOptions: FILE_CACHE_OPTIONS,
      RateLimitRule: { schema: RATE_LIMIT, becomes: 'RateLimitOptions' },
    },
  },
);
