import { readFileSync, readdirSync } from 'node:fs';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';

import {
  CONFIG_REFERENCE,
  CONFIG_SCHEMA,
  type JsonValue,
  parseConfigText,
  readConfiguration,
} from '../../src/index.js';
import { nodeValue } from '../../src/config/config-node.js';

const FOLDER = new URL('files/', import.meta.url);
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(CONFIG_SCHEMA);

describe('CONFIG_SCHEMA', () => {
  it.each(readdirSync(FOLDER))('accepts %s, a file as it is found', (name) => {
    const document = parseConfigText(readFileSync(new URL(name, FOLDER)), name);
    // A text for a list or an object is read with a warning; editors mark it.
    const marked = ['eureka.json'].includes(name);
    expect(validate(nodeValue(document.root))).toBe(!marked);
  });

  it('refuses what the reader refuses', () => {
    const wrong: readonly JsonValue[] = [
      { Routes: 'none' },
      { Routes: [{ Priority: 'high' }] },
      { Routes: [{ RouteIsCaseSensitive: 'maybe' }] },
      { Routes: [{ Gateway: { Transfer: 'fast' } }] },
      { GlobalConfiguration: { Gateway: { IdleTimeoutMs: -1 } } },
      { GlobalConfiguration: [] },
    ];
    for (const value of wrong) expect(validate(value)).toBe(false);
  });

  it('is the published schema.json', () => {
    const published = readFileSync(new URL('../../schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(CONFIG_SCHEMA);
  });

  it('describes every key', () => {
    for (const section of CONFIG_REFERENCE) {
      for (const key of section.keys) expect(`${section.name}.${key.name}: ${key.description}`).toMatch(/: .+\.$/);
    }
  });
});

describe('CONFIG_REFERENCE', () => {
  it('names every default that a configuration without any of its keys has', () => {
    const defaults = Object.fromEntries(
      CONFIG_REFERENCE.flatMap((section) => section.keys.map((key) => [`${section.name}.${key.name}`, key.default])),
    );
    const { routes, settings } = readConfiguration({
      Routes: [
        { UpstreamPathTemplate: '/', DownstreamPathTemplate: '/', DownstreamHostAndPorts: [{ Host: 'a', Port: 1 }] },
      ],
    });
    const [route] = routes;
    expect(route).toMatchObject({
      match: { caseSensitive: defaults['Route.RouteIsCaseSensitive'], priority: defaults['Route.Priority'] },
      balancing: { type: defaults['LoadBalancerOptions.Type'] },
      timeouts: {
        connectMs: defaults['RouteGateway.ConnectTimeoutMs'],
        handshakeMs: defaults['RouteGateway.HandshakeTimeoutMs'],
        closeMs: defaults['RouteGateway.CloseTimeoutMs'],
        idleMs: defaults['RouteGateway.IdleTimeoutMs'],
        appIdleMs: defaults['RouteGateway.AppIdleTimeoutMs'],
      },
      lifetime: {
        maxMs: defaults['RouteGateway.MaxLifetimeMs'],
        jitter: defaults['RouteGateway.MaxLifetimeJitter'],
      },
      ping: {
        intervalMs: defaults['Ping.IntervalMs'],
        timeoutMs: defaults['Ping.TimeoutMs'],
        legs: defaults['Ping.Legs'],
      },
      limits: {
        maxConnections: defaults['RouteGateway.MaxConnections'],
        maxConnectionsPerIp: defaults['RouteGateway.MaxConnectionsPerIp'],
        maxMessageBytes: defaults['RouteGateway.MaxMessageBytes'],
        maxFramesPerMessage: defaults['RouteGateway.MaxFramesPerMessage'],
        maxFrameRate: defaults['RouteGateway.MaxFrameRate'],
      },
      forwardedHeaders: defaults['RouteGateway.ForwardedHeaders'],
      retryAttempts: defaults['Retry.Attempts'],
      transfer: defaults['RouteGateway.Transfer'],
      compression: {
        legs: defaults['Compression.Legs'],
        thresholdBytes: defaults['Compression.ThresholdBytes'],
        windowBits: defaults['Compression.WindowBits'],
        contextTakeover: defaults['Compression.ContextTakeover'],
      },
      tcpKeepAliveMs: defaults['RouteGateway.TcpKeepAliveMs'],
      http: {
        version: defaults['Route.DownstreamHttpVersion'],
        followRedirects: defaults['HttpHandlerOptions.AllowAutoRedirect'],
        connectionLifetimeMs: Number(defaults['HttpHandlerOptions.PooledConnectionLifetimeSeconds']) * 1000,
        cookieContainer: defaults['HttpHandlerOptions.UseCookieContainer'],
        useProxy: defaults['HttpHandlerOptions.UseProxy'],
        maxRequestBodyBytes: defaults['RouteGateway.MaxRequestBodyBytes'],
      },
      acceptAnyServerCertificate: defaults['Route.DangerousAcceptAnyServerCertificateValidator'],
    });
    expect(settings).toMatchObject({
      drain: {
        deadlineMs: defaults['Drain.DeadlineMs'],
        spreadMs: defaults['Drain.SpreadMs'],
        closeCode: defaults['Drain.CloseCode'],
      },
      listener: {
        maxPendingHandshakes: defaults['GlobalGateway.MaxPendingHandshakes'],
        maxConnectionsTotal: defaults['GlobalGateway.MaxConnectionsTotal'],
        maxHeaderBytes: defaults['GlobalGateway.MaxHeaderBytes'],
        headersTimeoutMs: defaults['GlobalGateway.HeadersTimeoutMs'],
        proxyProtocol: defaults['GlobalGateway.ProxyProtocol'],
      },
      closeOnRouteRemoval: defaults['GlobalGateway.CloseOnRouteRemoval'],
      ocelotStatusCodes: defaults['GlobalGateway.OcelotStatusCodes'],
    });
  });
});
