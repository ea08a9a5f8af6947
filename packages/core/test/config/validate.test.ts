import { describe, expect, it } from 'vitest';

import { formatIssue, inspectConfiguration, parseConfigText } from '../../src/index.js';
import { fileWith, findings, routeWith } from './file-with.js';

const hosts = '/Routes/0/DownstreamHostAndPorts/0';
const host = (entry: object) => ({ DownstreamHostAndPorts: [entry] });

// What Ocelot does not check, and finds out (or not) at the first request. Its own kinds: config-validation.test.ts.
describe("validation beyond Ocelot's", () => {
  it.each([
    ['a port that does not exist', host({ Host: 'a', Port: 70_000 }), [`error InvalidPort ${hosts}/Port`]],
    ['a negative port', host({ Host: 'a', Port: -1 }), [`error InvalidPort ${hosts}/Port`]],
    ['a missing port', host({ Host: 'a' }), [`warning MissingPort ${hosts}`]],
    ['port zero', host({ Host: 'a', Port: 0 }), [`warning MissingPort ${hosts}/Port`]],
    ['a port that is no number, once', host({ Host: 'a', Port: 'x' }), [`error NotANumber ${hosts}/Port`]],
    ['a host with a line break', host({ Host: 'a\r\nX: y', Port: 1 }), [`error InvalidHost ${hosts}/Host`]],
    ['a host with a scheme', host({ Host: 'http://a', Port: 1 }), [`warning SuspiciousHost ${hosts}/Host`]],
    ['a host with a port', host({ Host: 'a:80', Port: 1 }), [`warning SuspiciousHost ${hosts}/Host`]],
    [
      'a host that another package would fill in',
      host({ Host: '{Orders}', Port: 1 }),
      [`warning SuspiciousHost ${hosts}/Host`],
    ],
    ['an IPv6 host, which is fine', host({ Host: '::1', Port: 1 }), []],
    ['a scheme that is none', { DownstreamScheme: 'tcp' }, ['error UnknownScheme /Routes/0/DownstreamScheme']],
    ['a scheme in upper case, which is fine', { DownstreamScheme: 'WSS' }, []],
    ['an http scheme, which is fine', { DownstreamScheme: 'http' }, []],
    [
      'a method that is no token',
      { DownstreamScheme: 'http', UpstreamHttpMethod: ['GET, POST'] },
      ['warning InvalidMethod /Routes/0/UpstreamHttpMethod/0'],
    ],
    [
      'a method nobody knows',
      { UpstreamHttpMethod: ['Get', 'Upadte'] },
      ['warning UnknownMethod /Routes/0/UpstreamHttpMethod/1'],
    ],
    [
      'a ws route that no upgrade reaches',
      { UpstreamHttpMethod: ['POST'] },
      ['warning MethodsExcludeGet /Routes/0/UpstreamHttpMethod'],
    ],
    [
      'a host to match with a port',
      { UpstreamHost: 'a.com:80' },
      ['warning UpstreamHostNeverMatches /Routes/0/UpstreamHost'],
    ],
    [
      'a star in the midst of a host',
      { UpstreamHost: 'a.*.com' },
      ['warning UpstreamHostNeverMatches /Routes/0/UpstreamHost'],
    ],
    ['a wildcard host, which is fine', { UpstreamHost: '*.example.com' }, []],
    [
      'a header name that cannot be',
      { UpstreamHeaderTemplates: { 'X Y': 'a' } },
      ['error InvalidHeaderName /Routes/0/UpstreamHeaderTemplates/X Y'],
    ],
    [
      'an IP entry that cannot be read',
      { SecurityOptions: { IPAllowedList: ['10.0.0.1', '10.0.0.256'] } },
      ['error InvalidIpEntry /Routes/0/SecurityOptions/IPAllowedList/1'],
    ],
    [
      'an origin with a path',
      { Gateway: { AllowedOrigins: ['https://a.com/x'] } },
      ['error InvalidOrigin /Routes/0/Gateway/AllowedOrigins/0'],
    ],
    [
      'origins that can be',
      { Gateway: { AllowedOrigins: ['https://a.com', 'https://*.a.com:8443', 'null', 'capacitor://localhost'] } },
      [],
    ],
    [
      'a placeholder that nothing fills',
      { DownstreamPathTemplate: '/{other}' },
      ['warning PlaceholderUnfilled /Routes/0/DownstreamPathTemplate'],
    ],
    [
      'a placeholder that a header fills',
      { DownstreamPathTemplate: '/{t}', UpstreamHeaderTemplates: { Tenant: '{header:t}' } },
      [],
    ],
    [
      'a blank in a template',
      { UpstreamPathTemplate: '/a b/{room}' },
      ['warning BlankInTemplate /Routes/0/UpstreamPathTemplate'],
    ],
    [
      'a priority that a catch-all cannot have',
      { UpstreamPathTemplate: '/{room}', Priority: 5 },
      ['warning PriorityUnused /Routes/0/Priority'],
    ],
    ['the priority that a catch-all has, and the one of a dump', { UpstreamPathTemplate: '/{room}', Priority: 1 }, []],
    ['hosts beside a service', { ServiceName: 'chat' }, ['warning HostsUnused /Routes/0/DownstreamHostAndPorts']],
    [
      'a namespace that Consul does not ask for',
      { ServiceName: 'chat', DownstreamHostAndPorts: [], ServiceNamespace: 'dev' },
      ['warning NamespaceUnused /Routes/0/ServiceNamespace'],
    ],
    [
      'balancing options that the policy does not read',
      { LoadBalancerOptions: { Type: 'roundrobin', Key: 'a', Expiry: 5 } },
      [
        'warning BalancingOptionUnused /Routes/0/LoadBalancerOptions/Key',
        'warning BalancingOptionUnused /Routes/0/LoadBalancerOptions/Expiry',
      ],
    ],
    [
      'balancing options that belong to another sticky policy',
      { LoadBalancerOptions: { Type: 'consistenthash', Key: 'a', HashOn: 'path', SameSite: 'Lax' } },
      [
        'warning BalancingOptionUnused /Routes/0/LoadBalancerOptions/Key',
        'warning BalancingOptionUnused /Routes/0/LoadBalancerOptions/SameSite',
      ],
    ],
    [
      'balancing options of a policy that reads them, or that is not known here',
      { LoadBalancerOptions: { Type: 'Mine', Key: 'a' } },
      [],
    ],
  ])('finds %s', (_, route, expected) => {
    expect(findings(fileWith(route))).toEqual(expected);
  });

  it.each([
    [
      'a trusted proxy that cannot be read',
      { Gateway: { TrustedProxies: ['proxy.local'] } },
      ['error InvalidTrustedProxy /GlobalConfiguration/Gateway/TrustedProxies/0'],
    ],
    ['the peers of a Unix-domain socket as trusted', { Gateway: { TrustedProxies: ['unix:', '10.0.0.1'] } }, []],
    [
      'the peers of a Unix-domain socket in an IP list, which holds for clients',
      { SecurityOptions: { IPAllowedList: ['unix:'] } },
      ['error InvalidIpEntry /GlobalConfiguration/SecurityOptions/IPAllowedList/0'],
    ],
    [
      'a global IP entry that cannot be read',
      { SecurityOptions: { IPBlockedList: ['x'] } },
      ['error InvalidIpEntry /GlobalConfiguration/SecurityOptions/IPBlockedList/0'],
    ],
    [
      'a global scheme that static routes do not take',
      { DownstreamScheme: 'ws' },
      ['warning GlobalSchemeUnused /GlobalConfiguration/DownstreamScheme'],
    ],
    [
      'a Close code that must not be sent (RFC 6455 §7.4)',
      { Gateway: { Drain: { CloseCode: 1005 } } },
      ['error InvalidCloseCode /GlobalConfiguration/Gateway/Drain/CloseCode'],
    ],
    [
      'a Close code that nobody has defined (RFC 6455 §7.4)',
      { Gateway: { Drain: { CloseCode: 2000 } } },
      ['error InvalidCloseCode /GlobalConfiguration/Gateway/Drain/CloseCode'],
    ],
    ["a Close code of one's own, which is fine", { Gateway: { Drain: { CloseCode: 4000 } } }, []],
    [
      'global balancing options that the policy does not read',
      { LoadBalancerOptions: { Type: 'LeastConnection', Key: 'a' } },
      ['warning BalancingOptionUnused /GlobalConfiguration/LoadBalancerOptions/Key'],
    ],
    [
      'a polling interval and a namespace that Consul does not need',
      { ServiceDiscoveryProvider: { Type: 'Consul', PollingInterval: 100, Namespace: 'dev' } },
      [
        'warning NamespaceUnused /GlobalConfiguration/ServiceDiscoveryProvider/Namespace',
        'warning PollingIntervalUnused /GlobalConfiguration/ServiceDiscoveryProvider/PollingInterval',
      ],
    ],
    [
      'a polling interval for PollConsul, which is fine',
      { ServiceDiscoveryProvider: { Type: 'PollConsul', PollingInterval: 100 } },
      [],
    ],
    [
      'settings of another registry, which are its own',
      { ServiceDiscoveryProvider: { Type: 'Kube', PollingInterval: 100, Namespace: 'dev' } },
      [],
    ],
    [
      'a group that names no route',
      { LoadBalancerOptions: { Type: 'RoundRobin', RouteKeys: ['nobody'] } },
      ['warning RouteKeyUnknown /GlobalConfiguration/LoadBalancerOptions/RouteKeys/0'],
    ],
  ])('finds %s', (_, global, expected) => {
    expect(findings(fileWith({}, global))).toEqual(expected);
  });

  it('finds dynamic routes that static ones switch off', () => {
    const file = {
      ...fileWith({}, { ServiceDiscoveryProvider: { Port: 8500 } }),
      DynamicRoutes: [{ ServiceName: 'a' }],
    };
    expect(findings(file)).toEqual(['warning DynamicRoutesUnused /DynamicRoutes']);
  });

  it('finds dynamic routes without a registry, without a service, and with options that nothing reads', () => {
    expect(findings({ DynamicRoutes: [{ ServiceName: 'a' }] })).toEqual([
      'warning DynamicRoutesUnused /DynamicRoutes',
      'warning NoRoutes ',
    ]);
    const global = { GlobalConfiguration: { ServiceDiscoveryProvider: { Port: 8500 } } };
    expect(findings({ ...global, DynamicRoutes: [{ Timeout: 5 }] })).toEqual([
      'warning DynamicRouteWithoutService /DynamicRoutes/0',
    ]);
    const unread = { ServiceName: 'a', LoadBalancerOptions: { Type: 'RoundRobin', Key: 'x' } };
    expect(findings({ ...global, DynamicRoutes: [unread] })).toEqual([
      'warning BalancingOptionUnused /DynamicRoutes/0/LoadBalancerOptions/Key',
    ]);
  });

  it('reports everything at once, each with file, line, pointer and remedy', () => {
    const text = `{\n  "Routes": [{\n    "UpstreamPathTemplate": "chat",\n    "Priority": "high"\n  }]\n}`;
    const { issues } = inspectConfiguration(parseConfigText(text, 'conf/ocelot.json'));
    expect(issues.map(formatIssue)).toEqual([
      'conf/ocelot.json#/Routes/0/Priority (line 4, column 5): Priority is "high". Write a whole number.',
      'conf/ocelot.json#/Routes/0 (line 2, column 14): The route has no DownstreamPathTemplate. Write the path to send to the backend, such as "/{everything}".',
      'conf/ocelot.json#/Routes/0/UpstreamPathTemplate (line 3, column 5): UpstreamPathTemplate "chat" does not begin with a slash. Write "/chat".',
      'conf/ocelot.json#/Routes/0 (line 2, column 14): The route names neither a host nor a service. Write "DownstreamHostAndPorts": [{ "Host": "localhost", "Port": 5001 }], or a "ServiceName".',
    ]);
  });

  it('checks what the host registered only when it is told', () => {
    const file = fileWith({
      ServiceName: 'a',
      AuthenticationOptions: { AuthenticationProviderKey: 'x' },
      QoSOptions: { Timeout: 5 },
    });
    expect(findings(file).filter((finding) => finding.startsWith('error'))).toEqual([]);
    expect(
      findings(file, { authenticationProviders: [], qualityOfService: false, discovery: false }).filter((f) =>
        f.startsWith('error'),
      ),
    ).toHaveLength(3);
  });
});

describe('keys that nothing acts on yet', () => {
  const supported = routeWith({ UpstreamPathTemplate: '/other/{room}', Key: 'other' });

  it.each([
    ['CacheOptions', { TtlSeconds: 5 }],
    ['DelegatingHandlers', ['Mine']],
  ])('names %s once on the route that uses it: %j', (key, value) => {
    const file = { Routes: [routeWith({ [key]: value }), supported] };
    expect(findings(file)).toEqual([`warning NotSupportedYet /Routes/0/${key}`]);
    expect(findings(file, { supportedKeys: [key] })).toEqual([]);
  });

  it.each([
    ['AuthenticationOptions', { AuthenticationProviderKeys: ['a'] }],
    ['AuthenticationOptions', { AllowedScopes: ['a'] }],
    ['RouteClaimsRequirement', { role: 'admin' }],
    ['AddClaimsToRequest', { a: 'Claims[sub] > value' }],
    ['AddHeadersToRequest', { a: 'Claims[sub] > value' }],
    ['AddQueriesToRequest', { a: 'Claims[sub] > value' }],
    ['ChangeDownstreamPathTemplate', { a: 'Claims[sub] > value' }],
    ['RateLimitOptions', { Limit: 5, Period: '1s' }],
    ['QoSOptions', { Timeout: 50 }],
  ])('names the plugin that %s needs, once on the route that uses it, unless it is there: %j', (key, value) => {
    const file = { Routes: [routeWith({ [key]: value }), supported] };
    expect(findings(file)).toEqual([`warning NeedsPlugin /Routes/0/${key}`]);
    expect(findings(file, { supportedKeys: [key] })).toEqual([]);
  });

  it('says which package brings the plugin', () => {
    const [issue] = inspectConfiguration(fileWith({ RateLimitOptions: { Limit: 5 } })).issues;
    expect(issue).toMatchObject({
      message:
        'RateLimitOptions has no effect by itself: the plugin of @ocelot/rate-limit acts on it, and it is not there.',
      hint: 'Run: npm install @ocelot/rate-limit — and add its plugin to the gateway.',
    });
  });

  it.each([
    ['NotSupportedYet', 'MetadataOptions', { NumberStyle: 'Any' }],
    ['NeedsPlugin', 'QoSOptions', { MinimumThroughput: 5 }],
    ['NeedsPlugin', 'AuthenticationOptions', { AuthenticationProviderKey: 'a' }],
  ])('says %s of the global %s once', (kind, key, value) => {
    expect(findings(fileWith({}, { [key]: value }))).toEqual([`warning ${kind} /GlobalConfiguration/${key}`]);
  });

  it.each([
    [{ Transfer: 'opaque', Ping: { IntervalMs: 5 } }, {}, '/Routes/0'],
    [{ Transfer: 'opaque' }, { Ping: { IntervalMs: 5 } }, '/Routes/0'],
    [{ MaxMessageBytes: 5 }, { Transfer: 'opaque' }, '/GlobalConfiguration'],
    [{ Transfer: 'opaque' }, { Compression: { Legs: 'both' } }, '/Routes/0'],
    [{ Transfer: 'opaque', AppIdleTimeoutMs: 5, MaxFrameRate: 5, MaxFramesPerMessage: 5 }, {}, '/Routes/0'],
  ])('names what an opaque route cannot do: %j over %j', (route, global, place) => {
    expect(findings(fileWith({ Gateway: route }, { Gateway: global }))).toEqual([
      `warning FramesNotSeen ${place}/Gateway/Transfer`,
    ]);
  });

  it.each([
    [{ Transfer: 'framed', Ping: { IntervalMs: 5 } }, { Transfer: 'opaque' }],
    [{ Transfer: 'opaque', Ping: { IntervalMs: 0 }, MaxLifetimeMs: 5 }, { Ping: { IntervalMs: 5 } }],
    [{ Transfer: 'opaque', MaxMessageBytes: 0, IdleTimeoutMs: 5 }, {}],
  ])('says nothing of a route that is not opaque, or asks for nothing: %j over %j', (route, global) => {
    expect(findings(fileWith({ Gateway: route }, { Gateway: global }))).toEqual([]);
  });

  it('names a global opaque Transfer once, however many routes it makes opaque', () => {
    const file = {
      Routes: [routeWith(), routeWith({ UpstreamPathTemplate: '/other/{room}' })],
      GlobalConfiguration: { Gateway: { Transfer: 'opaque', Ping: { IntervalMs: 5 } } },
    };
    expect(findings(file)).toEqual(['warning FramesNotSeen /GlobalConfiguration/Gateway/Transfer']);
  });

  it('names UseTracing of HttpHandlerOptions, and no other key of it', () => {
    const options = { UseTracing: true, AllowAutoRedirect: true, MaxConnectionsPerServer: 5, UseProxy: true };
    expect(findings(fileWith({ HttpHandlerOptions: options }))).toEqual([
      'warning NeedsPlugin /Routes/0/HttpHandlerOptions/UseTracing',
    ]);
  });

  it('has nothing to say of Admin of the global Gateway', () => {
    expect(findings(fileWith({}, { Gateway: { Admin: { Port: 1, TokenEnv: 'X' } } }))).toEqual([]);
  });

  it.each([
    ['DownstreamHttpMethod', 'POST'],
    ['DownstreamHttpVersion', '2.0'],
    ['DownstreamHttpVersionPolicy', 'RequestVersionExact'],
    ['UpstreamHeaderTransform', { 'X-A': 'b' }],
    ['DownstreamHeaderTransform', { 'X-A': 'b' }],
  ])('says nothing of %s, which plain HTTP requests use', (key, value) => {
    expect(findings(fileWith({ [key]: value }))).toEqual([]);
  });

  it('says nothing of options that are written out with their defaults', () => {
    const defaults = {
      HttpHandlerOptions: {
        AllowAutoRedirect: false,
        MaxConnectionsPerServer: 2_147_483_647,
        PooledConnectionLifetimeSeconds: 120,
      },
      AuthenticationOptions: { AuthenticationProviderKey: 'a', AllowAnonymous: true },
      RateLimitOptions: { EnableRateLimiting: false, Limit: 5, Period: '1s' },
      QoSOptions: { BreakDuration: 5000 },
      CacheOptions: { TtlSeconds: 0, Region: 'a' },
      DownstreamHttpVersion: '1.1',
      DownstreamHttpVersionPolicy: 'requestversionorlower',
    };
    expect(findings(fileWith(defaults))).toEqual([]);
  });
});
