import {
  decimal,
  flag,
  integer,
  type KeySchema,
  map,
  object,
  type ObjectKey,
  type OldName,
  text,
  texts,
} from './key-schema.js';

const NO_CACHE = 'responses are not kept yet';

function renamed(schema: KeySchema, becomes: string, translate?: OldName['translate']): OldName {
  return translate === undefined ? { schema, becomes } : { schema, becomes, translate };
}

/** `DownstreamHostAndPorts[]`. */
export const HOST_AND_PORT: ObjectKey = object('HostAndPort', 'One backend address.', {
  Host: text('Host name or IP address, without scheme and port; or `unix:/path` of a Unix-domain socket.', {
    examples: ['localhost', 'unix:/run/app.sock'],
  }),
  Port: integer(
    "1 to 65535. Absent: the scheme's default port, 80 or 443 (Ocelot for .NET keeps the gateway's own port).",
  ),
});

/** `LoadBalancerOptions`. */
export const LOAD_BALANCER: ObjectKey = object(
  'LoadBalancerOptions',
  'Which policy picks among the endpoints of a route. A custom policy reads its own keys here.',
  {
    Type: text('Name of the policy, compared without case. Empty means NoLoadBalancer: always the first endpoint.', {
      default: '',
      examples: [
        'NoLoadBalancer',
        'RoundRobin',
        'LeastConnection',
        'CookieStickySessions',
        'AffinityCookie',
        'ConsistentHash',
      ],
    }),
    Key: text(
      'CookieStickySessions: name of the cookie that the backends set. AffinityCookie: name of the cookie that the gateway sets; absent: `ocelot-affinity-…`, another one for each service.',
      { default: '' },
    ),
    Expiry: integer(
      'How long a client stays with its endpoint after its last request, in milliseconds. CookieStickySessions: 20 minutes unless given. AffinityCookie: until the browser is closed unless given; each answer sets the cookie anew otherwise.',
    ),
    Secret: text(
      'AffinityCookie: signs the cookie; at least 16 characters, the same in every gateway. Absent: a key that is made at start, so clients are balanced anew after a restart.',
    ),
    SameSite: text('AffinityCookie: `Lax`, `Strict` or `None` (needs Secure).', { default: 'Lax' }),
    Secure: flag(
      'AffinityCookie: whether clients send the cookie over TLS only. Absent: when the connection to the gateway is encrypted; behind a proxy that ends TLS say true.',
    ),
    Path: text('AffinityCookie: path of the cookie.', { default: '/' }),
    Domain: text('AffinityCookie: domain of the cookie. Absent: the host that the client asked for, and no other.'),
    Policy: text('AffinityCookie: who chooses for new clients, `RoundRobin` or `LeastConnection`.', {
      default: 'RoundRobin',
    }),
    HashOn: text(
      'ConsistentHash: what the endpoint is chosen by, `query:NAME`, `header:NAME`, `cookie:NAME`, `path` or `address`; several with commas: the first that a request has. RoundRobin where it has none.',
      { default: 'address', examples: ['address', 'cookie:sid, address', 'query:id', 'path'] },
    ),
    LoadFactor: decimal(
      'ConsistentHash: an endpoint with its share of the open leases times this (1 or more) takes no more, and its keys overflow to the next one. 0: an endpoint takes all of its keys.',
      { default: 0 },
    ),
  },
  { open: true, fromText: 'Type' },
);

/** `SecurityOptions`. */
export const SECURITY: ObjectKey = object(
  'SecurityOptions',
  'Which client addresses may connect. Where both lists of a route are empty, the global section holds as a whole.',
  {
    IPAllowedList: texts(
      'Only these may connect: addresses, ranges (10.0.0.1-10.0.0.9, 10.0.0.1-9), CIDR (10.0.0.0/8) or a mask (10.0.0.0/255.0.0.0).',
    ),
    IPBlockedList: texts('These may not connect; same forms.'),
    ExcludeAllowedFromBlocked: flag('Take the allowed addresses out of the blocked ones first.'),
  },
);

/** `AuthenticationOptions`. */
export const AUTHENTICATION: ObjectKey = object(
  'AuthenticationOptions',
  'Who may use the route, on requests and upgrades. Without a plugin that enforces it every request of the route is refused with 403.',
  {
    AllowAnonymous: flag('The route needs no authentication, whatever the global section says.'),
    AllowedScopes: texts('One of these scopes is needed.', { scope: 'http' }),
    AuthenticationProviderKeys: texts('Names of the authentication schemes, tried in order.', { scope: 'http' }),
    AuthenticationProviderKey: text('Name of one authentication scheme, tried first.', {
      scope: 'http',
      deprecated: true,
    }),
  },
  {
    scope: 'http',
    needs: '@ocelot/auth',
  },
);

/** `QoSOptions`. */
export const QOS: ObjectKey = object(
  'QoSOptions',
  'Circuit breaker and time limit of calls to the backend: of HTTP requests, and of connect and handshake of upgrades.',
  {
    MinimumThroughput: integer('Failures (or calls, with a ratio) before the circuit opens.', { scope: 'http' }),
    BreakDuration: integer('How long the circuit stays open, in milliseconds.', { scope: 'http' }),
    FailureRatio: decimal('Share of failures that opens the circuit.', { scope: 'http' }),
    SamplingDuration: integer('Time over which failures are counted, in milliseconds.', { scope: 'http' }),
    Timeout: integer('Time limit of one call, in milliseconds.', { scope: 'http' }),
  },
  {
    scope: 'http',
    needs: '@ocelot/resilience',
    oldNames: {
      DurationOfBreak: renamed(integer('Earlier name of BreakDuration.'), 'BreakDuration'),
      ExceptionsAllowedBeforeBreaking: renamed(integer('Earlier name of MinimumThroughput.'), 'MinimumThroughput'),
      TimeoutValue: renamed(integer('Earlier name of Timeout.'), 'Timeout'),
    },
  },
);

/** `RateLimitOptions`. */
export const RATE_LIMIT: ObjectKey = object(
  'RateLimitOptions',
  'How many requests, upgrades among them, a client may make.',
  {
    EnableRateLimiting: flag('Switch.', { default: true, scope: 'http' }),
    Limit: integer('Requests per Period.', { scope: 'http' }),
    Period: text('Window: a number and ms, s, m, h or d.', { default: '1s', scope: 'http' }),
    Wait: text('How long a client is refused after exceeding the limit; form as Period.', {
      default: '0ms',
      scope: 'http',
    }),
    ClientIdHeader: text('Header that names the client.', { default: 'Oc-Client', scope: 'http' }),
    ClientWhitelist: texts('Clients that are never limited.', { scope: 'http' }),
    EnableHeaders: flag('Tell clients about their limit in headers.', { default: true, scope: 'http' }),
    StatusCode: integer('Status of a refusal.', { default: 429, scope: 'http' }),
    QuotaMessage: text('Body of a refusal; {0} is the limit, {1} the period.', { scope: 'http' }),
    KeyPrefix: text('Prefix of the counters.', { default: 'Ocelot.RateLimiting', scope: 'http' }),
  },
  {
    scope: 'http',
    needs: '@ocelot/rate-limit',
    oldNames: {
      DisableRateLimitHeaders: renamed(
        flag('Earlier, negated name of EnableHeaders.'),
        'EnableHeaders',
        (old) => old !== true,
      ),
      HttpStatusCode: renamed(integer('Earlier name of StatusCode.', { default: 429 }), 'StatusCode'),
      QuotaExceededMessage: renamed(text('Earlier name of QuotaMessage.'), 'QuotaMessage'),
      RateLimitCounterPrefix: renamed(text('Earlier name of KeyPrefix.', { default: 'ocelot' }), 'KeyPrefix'),
      PeriodTimespan: renamed(decimal('Earlier form of Wait, in seconds.'), 'Wait', (old) => `${JSON.stringify(old)}s`),
    },
  },
);

/** `CacheOptions`. */
export const CACHE: ObjectKey = object(
  'CacheOptions',
  'Keeps responses of the backend.',
  {
    TtlSeconds: integer('How long a response is kept, in seconds.', { scope: 'http' }),
    Region: text('Name under which kept responses can be cleared.', { scope: 'http' }),
    Header: text('Header whose value separates kept responses.', { default: 'OC-Cache-Control', scope: 'http' }),
    EnableContentHashing: flag('Take the body of the request into account.', { scope: 'http' }),
  },
  { scope: 'http', unsupported: NO_CACHE },
);

/** `HttpHandlerOptions`. */
export const HTTP_HANDLER: ObjectKey = object(
  'HttpHandlerOptions',
  'Options of the HTTP client that calls the backend.',
  {
    AllowAutoRedirect: flag('Follow redirects of the backend.', { scope: 'http' }),
    MaxConnectionsPerServer: integer('Sockets per backend host; 0 or less means no limit.', {
      default: 2_147_483_647,
      scope: 'http',
    }),
    PooledConnectionLifetimeSeconds: integer('Age after which a pooled socket is replaced, in seconds.', {
      default: 120,
      scope: 'http',
    }),
    UseCookieContainer: flag('Share cookies of the backend among all clients.', {
      scope: 'http',
      unsupported: 'one client would act in the session of another; cookies pass between client and backend without it',
    }),
    UseProxy: flag('Use the proxy of the system.', { scope: 'http' }),
    UseTracing: flag(
      'Trace requests and sockets of the route: spans, and the trace context in and out. `{TraceId}` has a value then.',
      { scope: 'http', needs: '@ocelot/telemetry' },
    ),
  },
  { scope: 'http' },
);

/** `ServiceDiscoveryProvider`. */
export const SERVICE_DISCOVERY: ObjectKey = object(
  'ServiceDiscoveryProvider',
  'The registry that services are looked up in. A custom provider reads its own keys here.',
  {
    Scheme: text('Scheme of the registry.', { default: 'http', examples: ['http', 'https'] }),
    Host: text('Host of the registry.', { default: 'localhost' }),
    Port: integer(
      'Port of the registry; 0 or less is 8500 for Consul. A port above 0 without any static route switches dynamic routing on.',
      { default: 0, maximum: 65_535 },
    ),
    Type: text('Name of the provider, compared without case.', {
      default: 'Consul',
      examples: ['Consul', 'PollConsul'],
    }),
    Token: text('Token for the registry; Consul gets it as X-Consul-Token.'),
    ConfigurationKey: text('Key of the configuration in the key-value store of Consul.'),
    PollingInterval: integer('PollConsul: milliseconds between queries.', { default: 0 }),
    Namespace: text('Namespace in the registry (Kubernetes).', { default: '' }),
    HostSource: text(
      'Consul: `node-name` takes the name of the node, as Ocelot does; the default takes the address of the service.',
      {
        default: 'service-address',
        examples: ['service-address', 'node-name'],
      },
    ),
    Tags: texts('Consul: only instances that carry all of these tags.'),
  },
  { open: true },
);

/** `MetadataOptions`. */
export const METADATA_OPTIONS: ObjectKey = object(
  'MetadataOptions',
  'How typed values are read out of Metadata.',
  {
    CurrentCulture: text('Culture of numbers.'),
    NumberStyle: text('Style of numbers.'),
    Separators: texts('Separators of lists. Listed ones are added to the comma, as .NET does.', { default: [','] }),
    StringSplitOption: text('How lists are split.'),
    TrimChars: texts('Characters trimmed from list items. Listed ones are added to the space.', { default: [' '] }),
    Metadata: map('Values for all routes.'),
  },
  { unsupported: 'metadata values are handed to plugins as text' },
);

/** The object with the `RouteKeys` that global options may carry: the group of routes they are for. */
export function grouped(schema: ObjectKey): ObjectKey {
  return {
    ...schema,
    name: `Global${schema.name}`,
    description: `${schema.description} For all routes, or for those named in RouteKeys; what a route sets itself wins.`,
    keys: {
      ...schema.keys,
      RouteKeys: texts('`Key`s of the routes that this section is for; empty means all routes.'),
    },
  };
}
