import { describe, expect, it } from 'vitest';

import { readConfiguration } from '../../../src/index.js';
import { fileWith, readRoute, routeWith } from '../file-with.js';

const ids = (...routes: readonly object[]): readonly string[] =>
  readConfiguration({ Routes: routes }).routes.map((route) => route.id);

describe('a route of the file', () => {
  it('has its Key for an id, else methods, host and template', () => {
    expect(readRoute({ Key: ' chat ' }).id).toBe('chat');
    expect(readRoute().id).toBe('/chat/{room}');
    expect(readRoute({ UpstreamHttpMethod: ['get', 'post'], UpstreamHost: 'Chat.Example.COM' }).id).toBe(
      'GET,POST chat.example.com/chat/{room}',
    );
  });

  it('has an id that is unique in the configuration', () => {
    const same = { Key: 'a' };
    expect(
      ids(routeWith(same), routeWith({ ...same, UpstreamHost: 'b' }), routeWith({ ...same, UpstreamHost: 'c' })),
    ).toEqual(['a', 'a#2', 'a#3']);
  });

  it('compares methods in upper case and hosts in lower case', () => {
    expect(readRoute({ UpstreamHttpMethod: [' Get ', 'GET', ''], UpstreamHost: 'A.com' }).match).toMatchObject({
      methods: ['GET'],
      host: 'a.com',
    });
    expect(readRoute({ UpstreamHost: '  ' }).match.host).toBeUndefined();
  });

  it('has priority 1 unless it says otherwise, and 0 when its template is one placeholder', () => {
    const priority = (keys: object) => readRoute({ DownstreamPathTemplate: '/', ...keys }).match.priority;
    expect(priority({})).toBe(1);
    expect(priority({ Priority: 5 })).toBe(5);
    expect(priority({ Priority: 0 })).toBe(0);
    expect(priority({ Priority: 5, UpstreamPathTemplate: '/{everything}' })).toBe(0);
    expect(priority({ Priority: 5, UpstreamPathTemplate: '/{}' })).toBe(0);
    expect(priority({ Priority: 5, UpstreamPathTemplate: '/a/{everything}' })).toBe(5);
  });

  it("takes the scheme's default port where none is written", () => {
    const portOf = (scheme: string | undefined) => {
      const { source } = readRoute({ DownstreamScheme: scheme, DownstreamHostAndPorts: [{ Host: 'a' }] });
      return source.kind === 'static' ? source.endpoints[0]?.port : undefined;
    };
    expect([portOf('ws'), portOf('wss'), portOf('http'), portOf('HTTPS'), portOf(undefined)]).toEqual([
      80, 443, 80, 443, 80,
    ]);
  });

  it('knows an endpoint once however often it is listed, with that weight', () => {
    const entry = { Host: 'A', Port: 1 };
    expect(
      readRoute({ DownstreamHostAndPorts: [entry, { Host: '[::1]', Port: 2 }, { Host: 'a', Port: 1 }] }).source,
    ).toMatchObject({
      endpoints: [
        { host: 'A', port: 1, weight: 2 },
        { host: '::1', port: 2, weight: 1 },
      ],
    });
  });

  it('is discovered when it names a service, whatever hosts it lists', () => {
    expect(readRoute({ ServiceName: 'chat', ServiceNamespace: 'prod' }).source).toEqual({
      kind: 'discovered',
      service: { name: 'chat', namespace: 'prod' },
    });
  });

  it('merges metadata over the global one', () => {
    expect(readRoute({ Metadata: { a: 'route', b: '1' } }, { Metadata: { a: 'global', c: '2' } }).metadata).toEqual({
      a: 'route',
      b: '1',
      c: '2',
    });
  });

  it('takes the global IP lists as a whole when both of its own are empty, and never merges them', () => {
    const global = { SecurityOptions: { IPAllowedList: ['10.0.0.0/8'], ExcludeAllowedFromBlocked: true } };
    expect(
      readRoute({ SecurityOptions: { IPAllowedList: [], ExcludeAllowedFromBlocked: false } }, global).ipRules,
    ).toEqual({
      allowed: ['10.0.0.0/8'],
      blocked: [],
      excludeAllowedFromBlocked: true,
    });
    expect(readRoute({ SecurityOptions: { IPBlockedList: ['10.1.1.1'] } }, global).ipRules).toEqual({
      allowed: [],
      blocked: ['10.1.1.1'],
      excludeAllowedFromBlocked: false,
    });
  });
});

describe('options for groups of routes', () => {
  const global = (options: object) => ({ LoadBalancerOptions: { Type: 'RoundRobin', Key: 'g', ...options } });

  it('are the global ones where the route has none', () => {
    expect(readRoute({}, global({})).balancing).toEqual({
      type: 'RoundRobin',
      options: { Type: 'RoundRobin', Key: 'g' },
    });
  });

  it('are merged key by key where the route has some, what it says winning', () => {
    expect(readRoute({ LoadBalancerOptions: { Type: 'LeastConnection', Key: '' } }, global({})).balancing).toEqual({
      type: 'LeastConnection',
      options: { Type: 'LeastConnection', Key: 'g' },
    });
  });

  it('hold only for the routes that RouteKeys names', () => {
    expect(readRoute({ Key: 'a' }, global({ RouteKeys: ['a'] })).balancing.type).toBe('RoundRobin');
    expect(readRoute({ Key: 'b' }, global({ RouteKeys: ['a'] })).balancing).toEqual({ type: '', options: {} });
    expect(readRoute({ LoadBalancerOptions: { Expiry: 5 } }, global({ RouteKeys: ['a'] })).balancing.options).toEqual({
      Expiry: 5,
    });
  });
});

describe('protection that a route asks for', () => {
  const bearer = { AuthenticationOptions: { AuthenticationProviderKey: 'Bearer' } };

  it('is named, so that the gateway can refuse what nobody enforces', () => {
    expect(readRoute(bearer).unenforced).toEqual(['AuthenticationOptions']);
    expect(
      readRoute({ AuthenticationOptions: { AuthenticationProviderKeys: ['A'], AllowedScopes: ['s'] } }).unenforced,
    ).toEqual(['AuthenticationOptions', 'AllowedScopes']);
    expect(readRoute({ RouteClaimsRequirement: { role: 'admin' } }).unenforced).toEqual(['RouteClaimsRequirement']);
  });

  it('comes from the global section too, and AllowAnonymous takes it back', () => {
    expect(readRoute({}, bearer).unenforced).toEqual(['AuthenticationOptions']);
    expect(readRoute({ AuthenticationOptions: { AllowAnonymous: true } }, bearer).unenforced).toEqual([]);
    const anonymous = { AuthenticationOptions: { AuthenticationProviderKey: 'Bearer', AllowAnonymous: true } };
    expect(readRoute({}, anonymous).unenforced).toEqual([]);
    expect(readRoute({ AuthenticationOptions: { AllowAnonymous: false } }, anonymous).unenforced).toEqual([
      'AuthenticationOptions',
    ]);
  });

  it('is none where the keys are empty', () => {
    const empty = {
      AuthenticationOptions: { AuthenticationProviderKey: '', AllowedScopes: [] },
      RouteClaimsRequirement: {},
    };
    expect(readRoute(empty).unenforced).toEqual([]);
  });
});

describe('Gateway sections', () => {
  it('of a route win over the global one, key by key', () => {
    const route = readRoute(
      { Gateway: { ConnectTimeoutMs: 1, Retry: {}, AllowedOrigins: [], MaxConnections: 0 } },
      {
        Gateway: {
          ConnectTimeoutMs: 9,
          CloseTimeoutMs: 2,
          Retry: { Attempts: 7, On: [503] },
          AllowedOrigins: [' https://a.com '],
          MaxConnections: 5,
        },
      },
    );
    expect(route).toMatchObject({
      timeouts: { connectMs: 1, closeMs: 2 },
      retryAttempts: 7,
      allowedOrigins: ['https://a.com'],
      limits: { maxConnections: 0 },
    });
  });

  it('say with whom the gateway compresses, and how', () => {
    const route = readRoute(
      { Gateway: { Compression: { Legs: 'Both', WindowBits: 15 } } },
      { Gateway: { Compression: { Legs: 'client', ThresholdBytes: 0, ContextTakeover: true } } },
    );
    expect(route.compression).toEqual({ legs: 'both', thresholdBytes: 0, windowBits: 15, contextTakeover: true });
  });

  it('say what frames may be, how a silent peer is found, and how old a socket gets', () => {
    const route = readRoute(
      { Gateway: { Ping: { IntervalMs: 20_000, Legs: 'Client' }, MaxMessageBytes: 0, MaxFrameRate: 100 } },
      {
        Gateway: {
          Ping: { IntervalMs: 1, TimeoutMs: 3000 },
          MaxMessageBytes: 65_536,
          MaxFramesPerMessage: 16,
          AppIdleTimeoutMs: 60_000,
          MaxLifetimeMs: 3_600_000,
          MaxLifetimeJitter: 0.5,
        },
      },
    );
    expect(route).toMatchObject({
      timeouts: { appIdleMs: 60_000 },
      lifetime: { maxMs: 3_600_000, jitter: 0.5 },
      ping: { intervalMs: 20_000, timeoutMs: 3000, legs: 'client' },
      limits: { maxMessageBytes: 0, maxFramesPerMessage: 16, maxFrameRate: 100 },
    });
  });

  it.each([
    [{}, {}, 10_000],
    [{}, { Timeout: 3 }, 3000],
    [{}, { Timeout: 3, Gateway: { HandshakeTimeoutMs: 4 } }, 4],
    [{ Timeout: 5 }, { Timeout: 3, Gateway: { HandshakeTimeoutMs: 4 } }, 5000],
    [{ Timeout: 5, Gateway: { HandshakeTimeoutMs: 6 } }, { Timeout: 3 }, 6],
    [{ Timeout: 0 }, { Timeout: -1 }, 10_000],
    [{ Timeout: 2_147_483_647 }, {}, 2_147_483_647],
    [{ Gateway: { HandshakeTimeoutMs: 0 } }, {}, 0],
  ])('and Timeout limit the handshake, the nearer level first: %j over %j', (route, global, handshakeMs) => {
    expect(readRoute(route, global).timeouts.handshakeMs).toBe(handshakeMs);
  });

  it('of the process are read with their defaults', () => {
    expect(readConfiguration(fileWith()).settings).toEqual({
      trustedProxies: [],
      drain: { deadlineMs: 30_000, spreadMs: 10_000, closeCode: 1012 },
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
    });
    const gateway = {
      TrustedProxies: ['10.0.0.0/8 ', ''],
      Drain: { CloseCode: 1001 },
      MaxPendingHandshakes: 10,
      MaxConnectionsTotal: '20',
      MaxHeaderBytes: 8192,
      HeadersTimeoutMs: 500,
      ProxyProtocol: true,
      CloseOnRouteRemoval: true,
      OcelotStatusCodes: 'true',
    };
    const global = { BaseUrl: ' https://api.example.com/ ', Gateway: gateway };
    expect(readConfiguration(fileWith({}, global)).settings).toEqual({
      trustedProxies: ['10.0.0.0/8'],
      drain: { deadlineMs: 30_000, spreadMs: 10_000, closeCode: 1001 },
      listener: {
        maxPendingHandshakes: 10,
        maxConnectionsTotal: 20,
        maxHeaderBytes: 8192,
        headersTimeoutMs: 500,
        proxyProtocol: true,
      },
      tls: undefined,
      baseUrl: 'https://api.example.com/',
      closeOnRouteRemoval: true,
      ocelotStatusCodes: true,
    });
  });
});
