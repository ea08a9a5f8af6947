import { readConfiguration } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { type RouteDemands, demandLines, demandsOf } from '../src/route-demands.js';

function demands(route: object, global: object = {}): RouteDemands {
  const { routes } = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/x',
        DownstreamPathTemplate: '/x',
        DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
        ...route,
      },
    ],
    GlobalConfiguration: global,
  });
  const [first] = routes;
  if (first === undefined) throw new Error('no route');
  return demandsOf(first);
}

const NOTHING: RouteDemands = {
  authentication: [],
  scopes: [],
  claims: [],
  limits: [],
  resilience: [],
  transforms: [],
};

describe('demandsOf', () => {
  it('finds nothing on a route that asks for nothing', () => {
    expect(demands({})).toEqual(NOTHING);
    expect(demandLines(NOTHING)).toEqual([]);
  });

  it('names providers, scopes and claims, global ones included', () => {
    const AuthenticationOptions = { AuthenticationProviderKeys: ['Bearer', 'Key'], AllowedScopes: ['chat.read'] };
    const RouteClaimsRequirement = { role: 'admin' };
    const expected = { authentication: ['Bearer', 'Key'], scopes: ['chat.read'], claims: ['role'] };
    expect(demands({ RouteClaimsRequirement }, { AuthenticationOptions })).toMatchObject(expected);
  });

  it('asks nobody who they are on a route that allows anonymous clients', () => {
    const AuthenticationOptions = { AuthenticationProviderKeys: ['Bearer'], AllowAnonymous: true };
    expect(demands({ AuthenticationOptions })).toEqual(NOTHING);
  });

  it('tells limits with their numbers', () => {
    const route = {
      RateLimitOptions: { EnableRateLimiting: true, Limit: 5, Period: '1m' },
      Gateway: { MaxConnections: 3, MaxMessageBytes: 100 },
    };
    expect(demands(route).limits).toEqual(['5 requests in 1m', '3 connections', '100 bytes a message']);
    expect(demands({ RateLimitOptions: { EnableRateLimiting: false, Limit: 5 } }).limits).toEqual([]);
  });

  it('tells when the circuit breaks, also by the old name', () => {
    const QoSOptions = { ExceptionsAllowedBeforeBreaking: 3, DurationOfBreak: 1000 };
    expect(demands({ QoSOptions }).resilience).toEqual(['circuit breaker after 3 failures']);
  });

  it('names what is changed, and none of the values', () => {
    const all = demands({
      AddHeadersToRequest: { 'X-User': 'Claims[sub] > value > |' },
      UpstreamHeaderTransform: { 'X-Key': 'hunter2' },
      DownstreamHeaderTransform: { Location: 'a, b' },
      HttpHandlerOptions: { UseTracing: true },
      RequestIdKey: 'X-Request-Id',
    });
    expect(all.transforms).toEqual([
      'AddHeadersToRequest: X-User',
      'UpstreamHeaderTransform: X-Key',
      'DownstreamHeaderTransform: Location',
      'RequestIdKey: X-Request-Id',
      'UseTracing',
    ]);
    expect(JSON.stringify(all)).not.toContain('hunter2');
    expect(demandLines(all)).toEqual([
      'changes  AddHeadersToRequest: X-User; UpstreamHeaderTransform: X-Key; DownstreamHeaderTransform: Location; RequestIdKey: X-Request-Id; UseTracing',
    ]);
  });
});
