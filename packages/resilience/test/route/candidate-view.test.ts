import { describe, expect, it } from 'vitest';

import { attempt, hosts, loads, names, routeStand } from './route-stand.js';

const SLOW = { Gateway: { Resilience: { SlowStartMs: 10_000 } } };
const QOS = { QoSOptions: { MinimumThroughput: 2, BreakDuration: 1000 } };

describe('CandidateView', () => {
  it('gives the very list back while all may be used', () => {
    const { state, view } = routeStand(QOS);
    const endpoints = hosts('a', 'b');
    state.setEndpoints({}, endpoints);
    const candidates = loads(endpoints);
    expect(view.filter(candidates)).toBe(candidates);
    expect(view.filter(candidates)).toBe(candidates);
  });

  it('gives the same shorter list back until something changes', () => {
    const stand = routeStand(QOS);
    const endpoints = hosts('a', 'b', 'c');
    stand.state.setEndpoints({}, endpoints);
    const candidates = loads(endpoints);
    attempt(stand, 1).fail();
    attempt(stand, 1).fail();
    const left = stand.view.filter(candidates);
    expect(names(left)).toBe('a c');
    expect(stand.view.filter(candidates)).toBe(left);
    expect(names(stand.view.filter(candidates.slice(1)))).toBe('c');
    expect(stand.view.filter(candidates)).toBe(left);
    stand.clock.advance(1000);
    expect(stand.view.filter(candidates)).toBe(candidates);
  });

  it('leaves nothing when every circuit is open, and all again when they are half-open', () => {
    const stand = routeStand(QOS);
    const endpoints = hosts('a', 'b');
    stand.state.setEndpoints({}, endpoints);
    const candidates = loads(endpoints);
    for (const index of [0, 0, 1, 1]) attempt(stand, index).fail();
    expect(stand.view.filter(candidates)).toEqual([]);
    expect(stand.state.unavailable()).toMatchObject({
      code: 'OCELOT_ERR_CIRCUIT_OPEN',
      headers: { 'Retry-After': '1' },
    });
    stand.clock.advance(1000);
    expect(stand.view.filter(candidates)).toBe(candidates);
    stand.state.close();
  });
});

describe('Gateway.Resilience.Ejection', () => {
  const keys = (more: object = {}): object => ({
    ...QOS,
    Gateway: { Resilience: { Ejection: { ConsecutiveFailures: 1, FailureRatio: 0, BaseMs: 60_000, ...more } } },
  });

  it('refuses nobody when the others leave: who is ejected is used again', () => {
    const stand = routeStand(keys());
    const guard = {};
    stand.state.setEndpoints(guard, hosts('a', 'b', 'c', 'd'));
    attempt(stand, 0).fail();
    attempt(stand, 1).fail();
    expect(names(stand.view.filter(loads(hosts('a', 'b', 'c', 'd'))))).toBe('c d');
    stand.state.setEndpoints(guard, hosts('a', 'b'));
    const candidates = loads(hosts('a', 'b'));
    expect(stand.view.filter(candidates)).toBe(candidates);
    stand.state.close();
  });

  it('refuses nobody when the circuits of the others are open', () => {
    const stand = routeStand(keys());
    stand.state.setEndpoints({}, hosts('a', 'b'));
    attempt(stand, 0).fail();
    attempt(stand, 1).fail();
    attempt(stand, 1).fail();
    expect(names(stand.view.filter(loads(hosts('a', 'b'))))).toBe('a');
    stand.state.close();
  });

  it('does not fail over to who is ejected while another endpoint is well', () => {
    const stand = routeStand(keys());
    stand.state.setEndpoints({}, hosts('a', 'b'));
    attempt(stand, 0).fail();
    expect(stand.view.filter(loads(hosts('a')))).toEqual([]);
    stand.state.close();
  });

  it('refuses when it may eject all and did', () => {
    const stand = routeStand(keys({ MaxEjectedPercent: 100 }));
    stand.state.setEndpoints({}, hosts('a', 'b'));
    attempt(stand, 0).fail();
    attempt(stand, 1).fail();
    expect(stand.view.filter(loads(hosts('a', 'b')))).toEqual([]);
    stand.state.close();
  });
});

describe('Gateway.Resilience.SlowStartMs', () => {
  it('does not hold back what a route begins with', () => {
    const { state, view, clock } = routeStand(SLOW);
    const endpoints = hosts('a', 'b');
    state.setEndpoints({}, endpoints);
    const candidates = loads(endpoints);
    expect(view.filter(candidates)).toBe(candidates);
    expect(clock.pending).toBe(0);
  });

  it('lets the share of a newcomer grow from a tenth to all, with two lists in turn', () => {
    const stand = routeStand(SLOW);
    const guard = {};
    stand.state.setEndpoints(guard, hosts('a', 'b'));
    const endpoints = hosts('a', 'b', 'new');
    stand.state.setEndpoints(guard, endpoints);
    const candidates = loads(endpoints);
    const shown = (random: number): string => {
      stand.setRandom(random);
      return names(stand.view.filter(candidates));
    };
    expect([shown(0.09), shown(0.11)]).toEqual(['a b new', 'a b']);
    stand.clock.advance(5000);
    expect([shown(0.49), shown(0.51)]).toEqual(['a b new', 'a b']);
    stand.setRandom(0.51);
    expect(stand.view.filter(candidates)).toBe(stand.view.filter(candidates));
    stand.clock.advance(5000);
    expect(stand.view.filter(candidates)).toBe(candidates);
    const states = stand.events.map((event) => (event.type === 'endpoint.changed' ? event.state : event.type));
    expect(states).toEqual(['warming', 'healthy']);
  });

  it('uses newcomers at once when there is nothing else', () => {
    const stand = routeStand(SLOW);
    const guard = {};
    stand.state.setEndpoints(guard, hosts('a'));
    stand.state.setEndpoints(guard, hosts('b'));
    const candidates = loads(hosts('b'));
    stand.setRandom(0.99);
    expect(stand.view.filter(candidates)).toBe(candidates);
    stand.state.close();
    expect(stand.clock.pending).toBe(0);
  });

  it('begins anew for an endpoint whose circuit closed', () => {
    const stand = routeStand({ ...QOS, ...SLOW });
    const endpoints = hosts('a', 'b');
    stand.state.setEndpoints({}, endpoints);
    const candidates = loads(endpoints);
    attempt(stand, 0).fail();
    attempt(stand, 0).fail();
    stand.clock.advance(1000);
    attempt(stand).answer();
    stand.setRandom(0.5);
    expect(names(stand.view.filter(candidates))).toBe('b');
    stand.state.close();
  });
});
