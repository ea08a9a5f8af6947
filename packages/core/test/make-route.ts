import type { Endpoint, GatewayConfig, Route } from '../src/index.js';

/** An endpoint on loopback. */
export const endpoint = (port: number, extra: Partial<Endpoint> = {}): Endpoint => ({
  host: '127.0.0.1',
  port,
  weight: 1,
  tags: [],
  metadata: {},
  ...extra,
});

/** A route as the configuration makes it, for tests of what does not read configuration. */
export function route(pathTemplate: string, overrides: Partial<Route> = {}): Route {
  return {
    id: pathTemplate,
    match: { pathTemplate, caseSensitive: false, methods: [], host: undefined, headers: {}, priority: 1 },
    rewrite: { pathTemplate },
    source: { kind: 'static', endpoints: [endpoint(1)] },
    scheme: 'ws',
    balancing: { type: '', options: {} },
    timeouts: { connectMs: 5000, handshakeMs: 10_000, answerMs: 90_000, closeMs: 5000, idleMs: 0, appIdleMs: 0 },
    lifetime: { maxMs: 0, jitter: 0.1 },
    ping: { intervalMs: 0, timeoutMs: 10_000, legs: 'both' },
    limits: {
      maxConnections: 0,
      maxConnectionsPerIp: 0,
      maxMessageBytes: 0,
      maxFramesPerMessage: 0,
      maxFrameRate: 0,
    },
    ipRules: { allowed: [], blocked: [], excludeAllowedFromBlocked: false },
    allowedOrigins: [],
    forwardedHeaders: 'x-forwarded',
    retryAttempts: 2,
    retryStatuses: [],
    transfer: 'framed',
    compression: { legs: 'off', thresholdBytes: 1024, windowBits: 12, contextTakeover: false },
    tcpKeepAliveMs: 30_000,
    acceptAnyServerCertificate: false,
    backendTls: { caFile: undefined, certFile: undefined, keyFile: undefined, serverName: undefined },
    http: {
      method: undefined,
      version: '1.1',
      versionPolicy: 'or-lower',
      followRedirects: false,
      maxConnectionsPerEndpoint: 0,
      connectionLifetimeMs: 120_000,
      cookieContainer: false,
      useProxy: false,
      maxRequestBodyBytes: 0,
    },
    headerTransforms: { request: [], answer: [] },
    metadata: {},
    options: {
      authentication: undefined,
      rateLimit: undefined,
      qualityOfService: undefined,
      requestIdKey: undefined,
      tracing: false,
      gateway: {},
    },
    unenforced: [],
    file: {},
    location: `ocelot.json#${pathTemplate}`,
    ...overrides,
  };
}

/** A configuration of these routes. */
export function config(routes: readonly Route[], overrides: Partial<GatewayConfig> = {}): GatewayConfig {
  return {
    routes,
    dynamic: undefined,
    discovery: undefined,
    settings: {
      trustedProxies: [],
      drain: { deadlineMs: 1000, spreadMs: 0, closeCode: 1012 },
      listener: {
        maxPendingHandshakes: 4096,
        maxConnectionsTotal: 0,
        maxHeaderBytes: 65_536,
        headersTimeoutMs: 10_000,
        proxyProtocol: false,
      },
      tls: undefined,
      baseUrl: 'http://localhost:5000',
      closeOnRouteRemoval: false,
      ocelotStatusCodes: false,
    },
    global: {},
    warnings: [],
    ...overrides,
  };
}
