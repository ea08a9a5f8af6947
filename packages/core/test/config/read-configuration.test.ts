import { describe, expect, it } from 'vitest';

import { ConfigError, inspectConfiguration, readConfiguration } from '../../src/index.js';

const seed = {
  Routes: [
    {
      DownstreamPathTemplate: '/ws',
      UpstreamPathTemplate: '/',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: 'localhost', Port: 5001 }],
    },
  ],
};

describe('readConfiguration', () => {
  it('reads a plain object into routes with every default resolved', () => {
    const config = readConfiguration(seed);
    expect(config.warnings).toEqual([]);
    expect(config.dynamic).toBeUndefined();
    expect(config.discovery).toBeUndefined();
    expect(config.routes).toEqual([
      {
        id: '/',
        match: { pathTemplate: '/', caseSensitive: false, methods: [], host: undefined, headers: {}, priority: 1 },
        rewrite: { pathTemplate: '/ws' },
        source: {
          kind: 'static',
          endpoints: [{ host: 'localhost', port: 5001, weight: 1, tags: [], metadata: {} }],
        },
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
        file: seed.Routes[0],
        location: 'ocelot.json#/Routes/0',
      },
    ]);
  });

  it('freezes the result to its leaves', () => {
    const config = readConfiguration(seed);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.routes[0]?.match.methods)).toBe(true);
    expect(Object.isFrozen(config.settings.drain)).toBe(true);
  });

  it('throws one ConfigError that carries every issue', () => {
    let caught: unknown;
    try {
      readConfiguration({ Routes: 'none', GlobalConfiguration: { Timeout: 'soon' } }, { source: 'gateway.json' });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ConfigError);
    const issues = (caught as ConfigError).issues.filter((issue) => issue.severity === 'error');
    expect(issues.map((issue) => [issue.kind, issue.source])).toEqual([
      ['WrongType', 'gateway.json#/Routes'],
      ['NotANumber', 'gateway.json#/GlobalConfiguration/Timeout'],
    ]);
  });
});

describe('inspectConfiguration', () => {
  it('returns the issues without throwing, and no configuration when one is an error', () => {
    const inspection = inspectConfiguration([]);
    expect(inspection.config).toBeUndefined();
    expect(inspection.issues).toMatchObject([{ severity: 'error', kind: 'WrongType', source: 'ocelot.json#' }]);
  });
});
