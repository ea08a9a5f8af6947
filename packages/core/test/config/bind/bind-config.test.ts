import { describe, expect, it } from 'vitest';

import { inspectConfiguration, type JsonObject, readConfiguration } from '../../../src/index.js';
import { fileWith, findings, readRoute, routeWith } from '../file-with.js';

const fileOf = (route: object): JsonObject => readRoute(route).file;

describe('binding a file (.NET rules)', () => {
  it("finds keys without case and shows them in Ocelot's own spelling", () => {
    expect(fileOf({ KEY: 'a', metaDATA: { MiXed: 'x' } })).toMatchObject({ Key: 'a', Metadata: { MiXed: 'x' } });
  });

  it('takes text for numbers and booleans, blanks around it allowed', () => {
    expect(fileOf({ Priority: ' 7 ', RouteIsCaseSensitive: 'TRUE', Timeout: '-1' })).toMatchObject({
      Priority: 7,
      RouteIsCaseSensitive: true,
      Timeout: -1,
    });
  });

  it('takes numbers and booleans for text', () => {
    expect(fileOf({ Key: 12, Metadata: { a: true, b: 1.5 } })).toMatchObject({
      Key: '12',
      Metadata: { a: 'True', b: '1.5' },
    });
  });

  it('takes null, and an empty text where a number is wanted, for absent', () => {
    const file = fileOf({
      Priority: null,
      Timeout: '',
      RouteIsCaseSensitive: ' ',
      Key: null,
      SecurityOptions: null,
      Metadata: null,
    });
    for (const key of ['Priority', 'Timeout', 'RouteIsCaseSensitive', 'Key', 'SecurityOptions', 'Metadata']) {
      expect(file).not.toHaveProperty(key);
    }
  });

  it.each([
    ['NotANumber', { Priority: 'high' }, '/Routes/0/Priority'],
    ['NotANumber', { Priority: 1.5 }, '/Routes/0/Priority'],
    ['NotANumber', { Priority: true }, '/Routes/0/Priority'],
    ['OutOfRange', { Priority: 3_000_000_000 }, '/Routes/0/Priority'],
    ['OutOfRange', { Gateway: { IdleTimeoutMs: -1 } }, '/Routes/0/Gateway/IdleTimeoutMs'],
    ['OutOfRange', { Gateway: { Retry: { Attempts: -1 } } }, '/Routes/0/Gateway/Retry/Attempts'],
    ['OutOfRange', { Gateway: { Retry: { On: [503, 200] } } }, '/Routes/0/Gateway/Retry/On/1'],
    ['NotABoolean', { RouteIsCaseSensitive: 'yes' }, '/Routes/0/RouteIsCaseSensitive'],
    ['NotABoolean', { RouteIsCaseSensitive: 1 }, '/Routes/0/RouteIsCaseSensitive'],
    ['UnknownValue', { Gateway: { Transfer: 'turbo' } }, '/Routes/0/Gateway/Transfer'],
    ['UnknownValue', { Gateway: { ForwardedHeaders: 'on' } }, '/Routes/0/Gateway/ForwardedHeaders'],
    ['WrongType', { Key: ['a'] }, '/Routes/0/Key'],
    ['WrongType', { SecurityOptions: 'none' }, '/Routes/0/SecurityOptions'],
    ['WrongType', { DownstreamHostAndPorts: { Host: 'a', Port: 1 } }, '/Routes/0/DownstreamHostAndPorts'],
    ['WrongType', { Metadata: { a: ['b'] } }, '/Routes/0/Metadata/a'],
  ])('refuses with %s what cannot be converted: %j', (kind, route, pointer) => {
    expect(findings(fileWith(route))).toEqual([`error ${kind} ${pointer}`]);
  });

  it('does not repeat a text where an object is wanted: it may be a secret that belongs into it', () => {
    const providers = { Main: { Type: 'ApiKey', Keys: ['hunter2'] } };
    const file = { Routes: [], GlobalConfiguration: { Gateway: { Authentication: { Providers: providers } } } };
    expect(() => readConfiguration(file)).toThrow('Keys is a text. Write an object { … }.');
  });

  it('compares closed sets of values without case', () => {
    expect(readRoute({ Gateway: { Transfer: ' Opaque ', ForwardedHeaders: 'BOTH' } })).toMatchObject({
      transfer: 'opaque',
      forwardedHeaders: 'both',
    });
  });

  it('leaves out null entries of lists', () => {
    expect(
      readRoute({ UpstreamHttpMethod: ['GET', null], DownstreamHostAndPorts: [null, { Host: 'a', Port: 1 }] }),
    ).toMatchObject({
      match: { methods: ['GET'] },
      source: { endpoints: [{ host: 'a' }] },
    });
  });

  it('takes one text for a list of one, with a warning', () => {
    expect(findings(fileWith({ UpstreamHttpMethod: 'GET' }))).toEqual([
      'warning NotAList /Routes/0/UpstreamHttpMethod',
    ]);
    expect(readRoute({ UpstreamHttpMethod: 'GET' }).match.methods).toEqual(['GET']);
  });

  it('keeps keys it does not know for plugins, as they stand', () => {
    expect(fileOf({ SwaggerKey: 'a', Mine: { Deep: [1, null] } })).toMatchObject({
      SwaggerKey: 'a',
      Mine: { Deep: [1, null] },
    });
  });
});

describe('old names', () => {
  it('are read in place of the new ones and reported once each, with the number of places', () => {
    const route = routeWith({ ReRouteIsCaseSensitive: true });
    const file = {
      ReRoutes: [route, { ...route, UpstreamPathTemplate: '/b' }, { ...route, UpstreamPathTemplate: '/c' }],
    };
    const { config, issues } = inspectConfiguration(file);
    expect(config?.routes.map((r) => r.match.caseSensitive)).toEqual([true, true, true]);
    expect(issues.filter((issue) => issue.kind === 'OldName').map((issue) => issue.message)).toEqual([
      '"ReRouteIsCaseSensitive" is the name of an earlier version of Ocelot (and 2 more); it is read as RouteIsCaseSensitive.',
      '"ReRoutes" is the name of an earlier version of Ocelot; it is read as Routes.',
    ]);
  });

  it('join the new name where both hold routes', () => {
    const config = readConfiguration({
      Routes: [routeWith({ Key: 'new' })],
      ReRoutes: [routeWith({ Key: 'old', UpstreamPathTemplate: '/old' })],
    });
    expect(config.routes.map((route) => route.id)).toEqual(['new', 'old']);
    expect(config.routes.map((route) => route.location)).toEqual(['ocelot.json#/Routes/0', 'ocelot.json#/ReRoutes/0']);
  });

  it('win over the new name inside options, as in Ocelot', () => {
    expect(
      fileOf({ QoSOptions: { TimeoutValue: 5, Timeout: 9, DurationOfBreak: 1, ExceptionsAllowedBeforeBreaking: 2 } }),
    ).toMatchObject({
      QoSOptions: { Timeout: 5, BreakDuration: 1, MinimumThroughput: 2 },
    });
    expect(fileOf({ CacheOptions: { TtlSeconds: 1 }, FileCacheOptions: { TtlSeconds: 2 } })).toMatchObject({
      CacheOptions: { TtlSeconds: 2 },
    });
  });

  it('have the keys of the new ones, RouteKeys of a global section too', () => {
    const { config } = inspectConfiguration({ GlobalConfiguration: { FileCacheOptions: { RouteKeys: '' } } });
    expect(config).toBeDefined();
  });

  it('are converted where the meaning changed', () => {
    const old = {
      DisableRateLimitHeaders: true,
      HttpStatusCode: 418,
      QuotaExceededMessage: 'm',
      RateLimitCounterPrefix: 'p',
      PeriodTimespan: 2.5,
    };
    expect(fileOf({ RateLimitOptions: { Limit: 1, Period: '1s', ...old } })['RateLimitOptions']).toEqual({
      Limit: 1,
      Period: '1s',
      EnableHeaders: false,
      StatusCode: 418,
      QuotaMessage: 'm',
      KeyPrefix: 'p',
      Wait: '2.5s',
    });
  });

  it('make one host of DownstreamHost and DownstreamPort, in either order', () => {
    const single = { DownstreamHostAndPorts: undefined };
    for (const route of [
      { DownstreamHost: 'a', DownstreamPort: 81, ...single },
      { DownstreamPort: '81', DownstreamHost: 'a', ...single },
    ]) {
      expect(readRoute(route).source).toMatchObject({ endpoints: [{ host: 'a', port: 81 }] });
    }
    expect(readRoute({ DownstreamHost: 'a', DownstreamPort: 81 }).source).toMatchObject({
      endpoints: [{ host: 'localhost', port: 5001 }],
    });
  });

  it('make LoadBalancerOptions of LoadBalancer', () => {
    expect(readRoute({ LoadBalancer: 'LeastConnection' }).balancing).toEqual({
      type: 'LeastConnection',
      options: { Type: 'LeastConnection' },
    });
  });

  it('say nothing when they are empty, zero or false', () => {
    const unused = {
      ReRouteIsCaseSensitive: false,
      DownstreamPort: 0,
      DownstreamHost: '',
      LoadBalancer: null,
      FileCacheOptions: {},
    };
    expect(findings(fileWith(unused))).toEqual([]);
  });
});

describe('names chosen by the user, each with an object', () => {
  const providers = (value: unknown): object => fileWith({}, { Gateway: { Authentication: { Providers: value } } });
  const at = '/GlobalConfiguration/Gateway/Authentication/Providers';
  const options = { supportedKeys: ['Authentication'] };

  it('keep their case, and their keys are found without it', () => {
    const { global } = readConfiguration(providers({ MyIssuer: { TYPE: 'jwt', audience: ['a'] } }), options);
    expect(global).toMatchObject({
      Gateway: { Authentication: { Providers: { MyIssuer: { Type: 'jwt', Audience: ['a'] } } } },
    });
  });

  it('are checked one by one, with the place of what is wrong', () => {
    expect(findings(providers({ One: { Typ: 'jwt' }, Two: { Type: ['jwt'] } }), options)).toEqual([
      `warning UnknownKey ${at}/One/Typ`,
      `error WrongType ${at}/Two/Type`,
    ]);
    expect(findings(providers({ One: 'jwt' }), options)).toEqual([`error WrongType ${at}/One`]);
    expect(findings(providers(['jwt']), options)).toEqual([`error WrongType ${at}`]);
  });

  it('are none when nothing is written', () => {
    expect(findings(providers(null), options)).toEqual([]);
    expect(findings(providers({}), options)).toEqual([]);
  });
});
