import type { Endpoint } from './endpoint.js';
import type { JsonObject } from './json.js';

/** How a backend is spoken to. `undefined` on a route means: as the client came (`http` or `https`). */
export type Scheme = 'ws' | 'wss' | 'http' | 'https';

/** The conditions under which a route answers (Ocelot: the `Upstream…` keys). */
export interface RouteMatch {
  /** Template as written, e.g. `/chat/{room}`. */
  readonly pathTemplate: string;
  /** Whether literals of path and header templates are compared with case (`RouteIsCaseSensitive`). */
  readonly caseSensitive: boolean;
  /** Upper case; empty: any method. */
  readonly methods: readonly string[];
  /** Lower case, without port; `*.example.com` matches any subdomain; undefined: any host. */
  readonly host: string | undefined;
  /** Header name → template; all must match. */
  readonly headers: Readonly<Record<string, string>>;
  /** Higher is asked first. A catch-all template is always 0, whatever the file says. */
  readonly priority: number;
}

/** The path (and query) sent to the backend (Ocelot: `DownstreamPathTemplate`). */
export interface RewriteTemplate {
  readonly pathTemplate: string;
}

/** A service by name: what a discovery provider is asked to watch. */
export interface ServiceRef {
  readonly name: string;
  /** Empty when there is none. */
  readonly namespace: string;
}

/** Where the endpoints of a route come from: a fixed list, or a service that a provider watches. */
export type ServiceSource =
  | { readonly kind: 'static'; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: 'discovered'; readonly service: ServiceRef };

/** Certificates towards the backend, as paths of PEM files; relays read them. */
export interface BackendTls {
  /** Authorities that backends are checked against, in place of the system's. */
  readonly caFile: string | undefined;
  /** Certificate chain shown to the backend, with its key. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Name that is sent (SNI) and that the certificate must hold, in place of the endpoint's host. */
  readonly serverName: string | undefined;
}

/** HTTP version of a call; 3.0 is spoken as 2.0. */
export type HttpVersion = '1.0' | '1.1' | '2.0';

/** How far a backend may stay from the version wanted (.NET: HttpVersionPolicy). */
export type HttpVersionPolicy = 'exact' | 'or-lower' | 'or-higher';

/** How requests that are no upgrades are made of the backend; for relays of kind `http`. */
export interface RouteHttp {
  /** Replaces the client's method (Ocelot: `DownstreamHttpMethod`). */
  readonly method: string | undefined;
  readonly version: HttpVersion;
  readonly versionPolicy: HttpVersionPolicy;
  /** `HttpHandlerOptions.AllowAutoRedirect`: the gateway follows redirects of the backend itself. */
  readonly followRedirects: boolean;
  /** `HttpHandlerOptions.MaxConnectionsPerServer`: sockets to one endpoint; 0: no limit. */
  readonly maxConnectionsPerEndpoint: number;
  /** `HttpHandlerOptions.PooledConnectionLifetimeSeconds`, in milliseconds; 0: sockets live as long as they work. */
  readonly connectionLifetimeMs: number;
  /** `HttpHandlerOptions.UseCookieContainer`: cookies kept by the gateway, for all clients. No relay of ours does it. */
  readonly cookieContainer: boolean;
  /** `HttpHandlerOptions.UseProxy`: the proxy of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`). */
  readonly useProxy: boolean;
  /** Largest body of a request, in bytes; 0: no limit. */
  readonly maxRequestBodyBytes: number;
}

/** Limits of time, in milliseconds; 0 means no limit. */
export interface RouteTimeouts {
  /** TCP and TLS connect to one endpoint. */
  readonly connectMs: number;
  /** The whole way from the request to the backend's 101. */
  readonly handshakeMs: number;
  /**
   * Of an HTTP request, from its last byte sent to the head of the answer (Ocelot: `Timeout`, 90 s). The body of the
   * answer has no limit but `idleMs`: event streams and long downloads go on.
   */
  readonly answerMs: number;
  /** How long the peer may take to answer a Close frame. */
  readonly closeMs: number;
  /** No bytes at all in either direction. */
  readonly idleMs: number;
  /** No data message in either direction; control frames do not count. */
  readonly appIdleMs: number;
}

/** How old a session may become. */
export interface RouteLifetime {
  /** Milliseconds; 0: as old as it likes. */
  readonly maxMs: number;
  /** Share of `maxMs`, 0 to 1, by which sessions may end earlier, so that they do not all end at once. */
  readonly jitter: number;
}

/** Which legs of a session the gateway pings. */
export type PingLegs = 'client' | 'backend' | 'both';

/** Pings of the gateway's own (RFC 6455 §5.5.2). */
export interface RoutePing {
  /** A leg that sent nothing for this many milliseconds is pinged; 0: never. */
  readonly intervalMs: number;
  /** A leg that sends nothing for this many milliseconds after a ping is dead; 0: never. */
  readonly timeoutMs: number;
  readonly legs: PingLegs;
}

/** With which sides the gateway itself compresses messages. */
export type CompressionLegs = 'off' | 'client' | 'backend' | 'both';

/** permessage-deflate (RFC 7692) between the gateway and each side, in sessions with a message hook. */
export interface RouteCompression {
  readonly legs: CompressionLegs;
  /** Smaller messages are not compressed. */
  readonly thresholdBytes: number;
  /** Base-2 logarithm of the window, 9 to 15. */
  readonly windowBits: number;
  /** Whether a message is compressed with the ones before it in mind. */
  readonly contextTakeover: boolean;
}

/** Limits of count; 0 means no limit. */
export interface RouteLimits {
  /** Open upgrades of this route in this gateway, or in all members of its group. */
  readonly maxConnections: number;
  /** The same from one client address. */
  readonly maxConnectionsPerIp: number;
  /** Payload of one message, its fragments summed. */
  readonly maxMessageBytes: number;
  /** Frames of one message; control frames between them do not count. */
  readonly maxFramesPerMessage: number;
  /** Frames a second from one side, control frames included. */
  readonly maxFrameRate: number;
}

/** IP lists as written (Ocelot: `SecurityOptions`). */
export interface IpRules {
  readonly allowed: readonly string[];
  readonly blocked: readonly string[];
  /** Removes the allowed addresses from the blocked set first. */
  readonly excludeAllowedFromBlocked: boolean;
}

/** Which headers tell the backend about the client. */
export type ForwardedHeaders = 'x-forwarded' | 'forwarded' | 'both' | 'off';

/** How the bytes of an open socket move: `framed` walks frame headers, `opaque` knows bytes only. */
export type TransferMode = 'framed' | 'opaque';

/** One entry of a header transform: `"X-From": "{RemoteIpAddress}"`, `"Location": "http://a, http://b"`. */
export interface HeaderTransform {
  readonly name: string;
  /** As written; read by Ocelot's rules: with a comma it finds and replaces, without one it adds. */
  readonly instruction: string;
}

/** `UpstreamHeaderTransform` and `DownstreamHeaderTransform` of a route. */
export interface HeaderTransforms {
  readonly request: readonly HeaderTransform[];
  readonly answer: readonly HeaderTransform[];
}

/**
 * Options of Ocelot's that plugins act on, with the global ones merged in by Ocelot's group rule, keys in Ocelot's own
 * spelling and old names translated; undefined when the file says nothing of them for the route.
 */
export interface RouteOptions {
  readonly authentication: JsonObject | undefined;
  readonly rateLimit: JsonObject | undefined;
  readonly qualityOfService: JsonObject | undefined;
  /** `RequestIdKey`, the route's or the global one. */
  readonly requestIdKey: string | undefined;
  /** `HttpHandlerOptions.UseTracing`. */
  readonly tracing: boolean;
  /**
   * `Gateway` of the route over `GlobalConfiguration.Gateway`, key by key on the first level: what a plugin reads its
   * own sections from.
   */
  readonly gateway: JsonObject;
}

/** Which policy picks among the endpoints of a route. */
export interface RouteBalancing {
  /** Name of a registered policy, compared without case. Empty means `NoLoadBalancer`. */
  readonly type: string;
  /** `LoadBalancerOptions` as written (`Key`, `Expiry`, a custom policy's own keys). */
  readonly options: JsonObject;
}

/**
 * One route, compiled from the configuration: frozen, plain data. `ocelot routes --json` prints it.
 *
 * Everything is resolved: group rules, global defaults and overrides are already applied, so nobody downstream of the
 * configuration asks "route or global?".
 */
export interface Route {
  /** The route's `Key`, else derived from its template; unique in a configuration, stable across reloads. */
  readonly id: string;
  readonly match: RouteMatch;
  readonly rewrite: RewriteTemplate;
  readonly source: ServiceSource;
  readonly scheme: Scheme | undefined;
  readonly balancing: RouteBalancing;
  readonly timeouts: RouteTimeouts;
  readonly lifetime: RouteLifetime;
  readonly ping: RoutePing;
  readonly limits: RouteLimits;
  readonly ipRules: IpRules;
  /** Exact origins or `https://*.example.com`; empty: any origin, or none. */
  readonly allowedOrigins: readonly string[];
  readonly forwardedHeaders: ForwardedHeaders;
  /** Other endpoints tried when connect or handshake fails before anything reached the client. */
  readonly retryAttempts: number;
  /**
   * Statuses of a backend's answer after which another endpoint is tried too, where asking twice is safe: of upgrades,
   * and of GET and HEAD without a body. Empty for most.
   */
  readonly retryStatuses: readonly number[];
  readonly transfer: TransferMode;
  readonly compression: RouteCompression;
  /** Operating-system keep-alive on both legs, in milliseconds; 0: off. */
  readonly tcpKeepAliveMs: number;
  /** Ocelot's `DangerousAcceptAnyServerCertificateValidator`. */
  readonly acceptAnyServerCertificate: boolean;
  readonly backendTls: BackendTls;
  readonly http: RouteHttp;
  /** What happens to headers on their way, in the order of the file; global ones stand behind the route's own. */
  readonly headerTransforms: HeaderTransforms;
  readonly metadata: Readonly<Record<string, string>>;
  readonly options: RouteOptions;
  /**
   * Security keys in use on this route (`AuthenticationOptions`, `RouteClaimsRequirement`, …). The gateway refuses every
   * request of the route unless a registered stage says that it enforces them ({@link StageDefinition.enforces}).
   */
  readonly unenforced: readonly string[];
  /** The route as written, keys in Ocelot's own spelling; a plugin reads its own keys here. */
  readonly file: JsonObject;
  /** Where it stands, for messages: `ocelot.json#/Routes/3`. */
  readonly location: string;
}

/** Values of the placeholders of one match, by name without braces. Values stay percent-encoded as received. */
export type Params = Readonly<Record<string, string>>;
