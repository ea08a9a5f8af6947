import { describe, expect, it } from 'vitest';

import { attempt, hosts, loads, names, type RouteStand, routeStand } from './route-stand.js';

const QOS = { QoSOptions: { MinimumThroughput: 2, BreakDuration: 86_400_000 } };
/** Opens the circuit of the n-th endpoint. */
function open(stand: RouteStand, index = 0): void {
  for (let time = 0; time < 2; time += 1) attempt(stand, index).fail();
}

describe('RouteState', () => {
  it('remembers the open circuit of an endpoint that leaves and comes back soon', () => {
    const stand = routeStand(QOS);
    const guard = {};
    const endpoints = hosts('a', 'b');
    stand.state.setEndpoints(guard, endpoints);
    open(stand);
    stand.state.setEndpoints(guard, hosts('b'));
    stand.clock.advance(599_000);
    stand.state.setEndpoints(guard, hosts('a', 'b'));
    expect(names(stand.view.filter(loads(hosts('a', 'b'))))).toBe('b');
    stand.state.close();
  });

  it('forgets an endpoint that is away for ten minutes', () => {
    const stand = routeStand(QOS);
    const guard = {};
    const endpoints = hosts('a', 'b');
    stand.state.setEndpoints(guard, endpoints);
    open(stand);
    stand.state.setEndpoints(guard, hosts('b'));
    stand.clock.advance(600_000);
    stand.state.setEndpoints(guard, hosts('b', 'c'));
    expect(stand.clock.pending).toBe(0);
    stand.state.setEndpoints(guard, hosts('a', 'b'));
    const candidates = loads(hosts('a', 'b'));
    expect(stand.view.filter(candidates)).toBe(candidates);
  });

  it('remembers at most 256 endpoints that left', () => {
    const stand = routeStand(QOS);
    const guard = {};
    const endpoints = hosts(...Array.from({ length: 300 }, (_, number) => `host-${number}`));
    stand.state.setEndpoints(guard, endpoints);
    for (const index of endpoints.keys()) open(stand, index);
    stand.state.setEndpoints(guard, []);
    expect(stand.clock.pending).toBe(256);
    stand.state.close();
    expect(stand.clock.pending).toBe(0);
  });

  it('keeps an endpoint as long as one of two guards has it', () => {
    const stand = routeStand(QOS);
    const [before, after] = [{}, {}];
    const endpoints = hosts('a', 'b');
    stand.state.setEndpoints(before, endpoints);
    open(stand);
    stand.state.setEndpoints(after, hosts('a', 'c'));
    expect(stand.state.present.map(({ endpoint }) => endpoint.host)).toEqual(['a', 'b', 'c']);
    stand.state.setEndpoints(before, undefined);
    expect(stand.state.present.map(({ endpoint }) => endpoint.host)).toEqual(['a', 'c']);
    expect(names(stand.view.filter(loads(hosts('a', 'c'))))).toBe('c');
    stand.state.close();
  });

  it('checks an endpoint anew whose scheme changes, and no other', () => {
    const stand = routeStand({ Gateway: { Resilience: { HealthCheck: { Type: 'tcp' } } } });
    const guard = {};
    const [a, b] = hosts('a', 'b');
    if (a === undefined || b === undefined) throw new Error('there are two');
    stand.state.setEndpoints(guard, [a, b]);
    const before = stand.state.present.map(({ health }) => health);
    stand.state.setEndpoints(guard, [
      { ...a, scheme: 'wss' },
      { ...b, weight: 2 },
    ]);
    const after = stand.state.present.map(({ health }) => health);
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([false, true]);
    expect(stand.clock.pending).toBe(2);
    stand.state.close();
    expect(stand.clock.pending).toBe(0);
  });

  it('hears nothing any more of attempts that end after it was closed', () => {
    const stand = routeStand(QOS);
    const endpoints = hosts('a');
    stand.state.setEndpoints({}, endpoints);
    const running = [attempt(stand), attempt(stand)];
    stand.state.close();
    for (const { fail } of running) fail();
    expect([stand.clock.pending, stand.events.length]).toEqual([0, 0]);
  });

  it('refuses with NO_ENDPOINT, and when it may be asked again, while all endpoints are ejected', () => {
    const Ejection = { ConsecutiveFailures: 2, BaseMs: 2500, MaxEjectedPercent: 100 };
    const stand = routeStand({ Gateway: { Resilience: { Ejection } } });
    const endpoints = hosts('a');
    stand.state.setEndpoints({}, endpoints);
    open(stand);
    expect(stand.view.filter(loads(endpoints))).toEqual([]);
    expect(stand.state.unavailable()).toMatchObject({
      code: 'OCELOT_ERR_NO_ENDPOINT',
      headers: { 'Retry-After': '3' },
      details: { ejected: 1, unhealthy: 0 },
    });
    stand.state.close();
  });
});
