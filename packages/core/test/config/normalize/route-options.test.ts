import { describe, expect, it } from 'vitest';

import { readConfiguration, type RouteOptions } from '../../../src/index.js';
import { readRoute } from '../file-with.js';

const options = (route: object = {}, global: object = {}): RouteOptions => readRoute(route, global).options;

describe('options that plugins act on', () => {
  it('are undefined where the file says nothing of them', () => {
    expect(options()).toEqual({
      authentication: undefined,
      rateLimit: undefined,
      qualityOfService: undefined,
      requestIdKey: undefined,
      tracing: false,
      gateway: {},
    });
  });

  it('are the global ones field by field, the route’s over them (Ocelot’s group rule)', () => {
    const global = { RateLimitOptions: { Limit: 5, Period: '1m', ClientWhitelist: ['a'] } };
    expect(options({}, global).rateLimit).toEqual(global.RateLimitOptions);
    expect(options({ RateLimitOptions: { Limit: 7, ClientWhitelist: [] } }, global).rateLimit).toEqual({
      Limit: 7,
      Period: '1m',
      ClientWhitelist: ['a'],
    });
  });

  it('take the global ones only for routes that RouteKeys names', () => {
    const global = { QoSOptions: { Timeout: 50, RouteKeys: ['chat'] }, AuthenticationOptions: { RouteKeys: ['chat'] } };
    expect(options({ Key: 'chat' }, global).qualityOfService).toEqual({ Timeout: 50 });
    expect(options({ Key: 'other' }, global).qualityOfService).toBeUndefined();
    expect(options({ Key: 'chat' }, global).authentication).toBeUndefined();
    expect(options({ Key: 'other', QoSOptions: { BreakDuration: 600 } }, global).qualityOfService).toEqual({
      BreakDuration: 600,
    });
  });

  it('speak today’s names, whatever the file uses', () => {
    const old = { EnableRateLimiting: true, Limit: 1, HttpStatusCode: 503, PeriodTimespan: 2 };
    expect(options({ RateLimitOptions: old, QoSOptions: { TimeoutValue: 30 } })).toMatchObject({
      rateLimit: { Limit: 1, StatusCode: 503, Wait: '2s' },
      qualityOfService: { Timeout: 30 },
    });
  });

  it('keep AllowAnonymous: false of a route over a global true', () => {
    expect(
      options(
        { AuthenticationOptions: { AllowAnonymous: false } },
        { AuthenticationOptions: { AllowAnonymous: true, AuthenticationProviderKeys: ['a'] } },
      ).authentication,
    ).toEqual({ AllowAnonymous: false, AuthenticationProviderKeys: ['a'] });
  });

  it('have the RequestIdKey of the route, else the global one; blanks say nothing', () => {
    expect(options({ RequestIdKey: 'X-A' }, { RequestIdKey: 'X-B' }).requestIdKey).toBe('X-A');
    expect(options({ RequestIdKey: ' ' }, { RequestIdKey: ' X-B ' }).requestIdKey).toBe('X-B');
  });

  it('have UseTracing by the group rule', () => {
    const global = { HttpHandlerOptions: { UseTracing: true, RouteKeys: ['a'] } };
    expect(options({ Key: 'a' }, global).tracing).toBe(true);
    expect(options({ Key: 'b' }, global).tracing).toBe(false);
    expect(options({ Key: 'a', HttpHandlerOptions: { UseTracing: false } }, global).tracing).toBe(false);
  });

  it('have the sections of Gateway, the route’s in place of the global ones, and nothing of the process', () => {
    const global = {
      Gateway: { Ping: { IntervalMs: 5, Legs: 'client' }, MaxFrameRate: 9, TrustedProxies: ['10.0.0.1'], Http2: false },
    };
    expect(options({ Gateway: { Ping: { IntervalMs: 7 } } }, global).gateway).toEqual({
      Ping: { IntervalMs: 7 },
      MaxFrameRate: 9,
    });
  });

  it('hold for dynamic routes, and for services without an entry', () => {
    const { dynamic } = readConfiguration({
      DynamicRoutes: [{ ServiceName: 'chat', RateLimitOptions: { Limit: 3 } }],
      GlobalConfiguration: {
        RequestIdKey: 'X-Id',
        RateLimitOptions: { Limit: 5, Period: '1s' },
        ServiceDiscoveryProvider: { Port: 8500 },
      },
    });
    expect(dynamic?.entries[0]?.options).toMatchObject({ requestIdKey: 'X-Id', rateLimit: { Limit: 3, Period: '1s' } });
    expect(dynamic?.fallback.options).toMatchObject({ requestIdKey: 'X-Id', rateLimit: { Limit: 5, Period: '1s' } });
  });
});
