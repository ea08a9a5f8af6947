import { describe, expect, it } from 'vitest';

import { ConfigError, readConfiguration } from '@ocelot/core';

import { readResilience } from '../../src/options/resilience-options.js';

function read(own: object | undefined, shared: object | undefined, route: object = {}) {
  const config = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/',
        DownstreamPathTemplate: '/',
        DownstreamHostAndPorts: [{ Host: 'a', Port: 1 }],
        ...(own === undefined ? {} : { Gateway: { Resilience: own } }),
        ...route,
      },
    ],
    GlobalConfiguration: shared === undefined ? {} : { Gateway: { Resilience: shared } },
  });
  const [first] = config.routes;
  if (first === undefined) throw new Error('no route');
  return readResilience(first, config).options;
}

describe('readResilience', () => {
  it('asks for nothing where the file says nothing, or only what changes nothing alone', () => {
    expect(read(undefined, undefined)).toBeUndefined();
    expect(read({}, { PanicMode: 'all', Breaker: { Scope: 'route' } })).toBeUndefined();
    expect(read({ Ejection: { ConsecutiveFailures: 0 } }, undefined)).toBeUndefined();
  });

  it('fills in the defaults of the reference', () => {
    expect(read({ RetryBudget: {}, Ejection: {}, HealthCheck: { Type: 'HTTP' } }, undefined)).toEqual({
      breaker: undefined,
      retryBudget: { ratio: 0.2, minPerSecond: 3 },
      ejection: {
        consecutiveFailures: 5,
        failureRatio: 0,
        minimumRequests: 20,
        windowMs: 10_000,
        baseMs: 30_000,
        maxMs: 300_000,
        maxEjectedPercent: 50,
        earlyDeathMs: 0,
      },
      healthCheck: {
        type: 'http',
        path: '/',
        intervalMs: 10_000,
        timeoutMs: 2000,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
        expectedStatus: [{ from: 200, to: 299 }],
        headers: {},
        subprotocol: '',
      },
      slowStartMs: 0,
      panics: false,
    });
  });

  it('lets the keys of a route win over the global ones, within each part', () => {
    const options = read(
      { HealthCheck: { Path: '/own' }, SlowStartMs: 0 },
      { HealthCheck: { Type: 'websocket', Path: '/', TimeoutMs: 50 }, RetryBudget: { Ratio: 1 }, SlowStartMs: 500 },
    );
    expect(options).toMatchObject({
      healthCheck: { type: 'websocket', path: '/own', timeoutMs: 50 },
      retryBudget: { ratio: 1 },
      slowStartMs: 0,
    });
  });

  it.each(['CookieStickySessions', 'affinityCookie', 'ConsistentHash'])('leaves slow start out beside %s', (Type) => {
    const route = { LoadBalancerOptions: { Type, Key: 'sid' } };
    expect(read({ SlowStartMs: 1000 }, undefined, route)).toBeUndefined();
    expect(read({ SlowStartMs: 1000, Ejection: {} }, undefined, route)?.slowStartMs).toBe(0);
  });

  it('reads the scope of the breaker in any case', () => {
    const route = { QoSOptions: { MinimumThroughput: 2 } };
    expect(read({ Breaker: { Scope: 'Route' } }, undefined, route)?.breaker?.scope).toBe('route');
    expect(read(undefined, undefined, route)?.breaker?.scope).toBe('endpoint');
  });

  it('refuses early deaths that nothing judges, naming the key', () => {
    const act = () => read({ Ejection: { ConsecutiveFailures: 0, EarlyDeathMs: 100 } }, undefined);
    expect(act).toThrow(ConfigError);
    expect(act).toThrow('/Gateway/Resilience/Ejection/EarlyDeathMs: EarlyDeathMs is judged by ConsecutiveFailures');
  });
});
