import { describe, expect, it } from 'vitest';

import { readConfiguration } from '../../../src/index.js';
import { readRoute } from '../file-with.js';

describe('how HTTP requests of a route are made', () => {
  it.each<[object, object, object]>([
    [{ DownstreamHttpMethod: ' post ' }, {}, { method: 'POST' }],
    [{ DownstreamHttpVersion: '2' }, { DownstreamHttpVersion: '1.0' }, { version: '2.0' }],
    [{ DownstreamHttpVersion: '3.0' }, {}, { version: '2.0' }],
    [{}, { DownstreamHttpVersion: '1,0' }, { version: '1.0' }],
    [{ DownstreamHttpVersionPolicy: 'requestversionexact' }, {}, { versionPolicy: 'exact' }],
    [{}, { DownstreamHttpVersionPolicy: 'RequestVersionOrHigher' }, { versionPolicy: 'or-higher' }],
    [
      { HttpHandlerOptions: { AllowAutoRedirect: true, UseProxy: true } },
      {},
      { followRedirects: true, useProxy: true },
    ],
    [{ HttpHandlerOptions: { MaxConnectionsPerServer: 7 } }, {}, { maxConnectionsPerEndpoint: 7 }],
    [{ HttpHandlerOptions: { MaxConnectionsPerServer: 2_147_483_647 } }, {}, { maxConnectionsPerEndpoint: 0 }],
    [{ HttpHandlerOptions: { MaxConnectionsPerServer: -1 } }, {}, { maxConnectionsPerEndpoint: 0 }],
    [{ HttpHandlerOptions: { PooledConnectionLifetimeSeconds: 5 } }, {}, { connectionLifetimeMs: 5000 }],
    [{ Gateway: { MaxRequestBodyBytes: 9 } }, { Gateway: { MaxRequestBodyBytes: 8 } }, { maxRequestBodyBytes: 9 }],
    [{}, { Gateway: { MaxRequestBodyBytes: 8 } }, { maxRequestBodyBytes: 8 }],
  ])('%j over %j is %j', (route, global, expected) => {
    expect(readRoute(route, global).http).toMatchObject(expected);
  });

  it('takes the group rule for HttpHandlerOptions (Ocelot: RouteKeys)', () => {
    const global = { HttpHandlerOptions: { RouteKeys: ['a'], UseProxy: true } };
    expect(readRoute({ Key: 'a', HttpHandlerOptions: { AllowAutoRedirect: true } }, global).http).toMatchObject({
      useProxy: true,
      followRedirects: true,
    });
    expect(readRoute({ Key: 'b' }, global).http.useProxy).toBe(false);
  });

  it.each<[object, object, number]>([
    [{}, {}, 90_000],
    [{ Timeout: 5 }, { Timeout: 7 }, 5000],
    [{ Timeout: 0 }, { Timeout: 7 }, 7000],
    [{ Timeout: -1 }, {}, 90_000],
    [{ Gateway: { HandshakeTimeoutMs: 5 } }, {}, 90_000],
  ])(
    'waits for an answer as Timeout says, else 90 s (Ocelot: DefaultTimeoutSeconds): %j over %j',
    (own, global, ms) => {
      expect(readRoute(own, global).timeouts.answerMs).toBe(ms);
    },
  );
});

describe('header transforms of a route', () => {
  it('are its own in the order of the file, then the global ones of other names', () => {
    const own = { UpstreamHeaderTransform: { 'X-B': '1', 'x-a': '2' } };
    const global = { UpstreamHeaderTransform: { 'X-A': '3', 'X-C': '4' }, DownstreamHeaderTransform: { ' X-D ': '5' } };
    expect(readRoute(own, global).headerTransforms).toEqual({
      request: [
        { name: 'X-B', instruction: '1' },
        { name: 'x-a', instruction: '2' },
        { name: 'X-C', instruction: '4' },
      ],
      answer: [{ name: 'X-D', instruction: '5' }],
    });
  });

  it('are for static routes (Ocelot: DynamicRoutes have none)', () => {
    const { dynamic } = readConfiguration({
      DynamicRoutes: [{ ServiceName: 'a' }],
      GlobalConfiguration: {
        ServiceDiscoveryProvider: { Host: 'a', Port: 8500, Type: 'Consul' },
        UpstreamHeaderTransform: { 'X-A': '1' },
      },
    });
    expect(dynamic?.fallback.headerTransforms).toEqual({ request: [], answer: [] });
    expect(dynamic?.entries[0]?.headerTransforms).toEqual({ request: [], answer: [] });
  });
});
