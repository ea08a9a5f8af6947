import { describe, expect, it } from 'vitest';

import { findings, routeWith } from '../file-with.js';

const WARNING = 'warning AffinityCookieShared /Routes/1/LoadBalancerOptions';
const to = (...ports: number[]): object => ({
  DownstreamHostAndPorts: ports.map((Port) => ({ Host: '10.0.0.1', Port })),
});
const sticky = (options: object = {}): object => ({ LoadBalancerOptions: { Type: 'AffinityCookie', ...options } });
const findingsOf = (one: object, two: object, global: object = {}): readonly string[] =>
  findings({
    Routes: [routeWith(one), routeWith({ UpstreamPathTemplate: '/other/{room}', ...two })],
    GlobalConfiguration: global,
  });

describe('the names of affinity cookies', () => {
  it('are reported when routes to different backends have the same one', () => {
    const shared = sticky({ Key: 'aff' });
    expect(findingsOf({ ...to(1), ...shared }, { ...to(2), ...shared })).toEqual([WARNING]);
    expect(findingsOf({ ...to(1), ...sticky({ Key: 'aff' }) }, { ...to(2), ...sticky({ Key: ' AFF ' }) })).toEqual([
      WARNING,
    ]);
  });

  it('are reported when the global section gives all routes one', () => {
    const global = { LoadBalancerOptions: { Type: 'AffinityCookie', Key: 'aff' } };
    expect(findingsOf(to(1), to(2), global)).toEqual(['warning AffinityCookieShared /Routes/1']);
    expect(findingsOf(to(1), { ...to(2), ...sticky({ Key: 'other' }) }, global)).toEqual([]);
  });

  it.each([
    ['there is no Key, so that each service has its own', to(2), sticky()],
    ['the routes have the same backends, the first ones at least', to(1, 2), sticky({ Key: 'aff' })],
    ['browsers keep them apart by path', to(2), sticky({ Key: 'aff', Path: '/other' })],
    ['browsers keep them apart by host', { ...to(2), UpstreamHost: 'b.example.com' }, sticky({ Key: 'aff' })],
    ['the other route is not sticky', to(2), { LoadBalancerOptions: { Type: 'RoundRobin' } }],
  ])('are not reported where %s', (_, source, options) => {
    expect(findingsOf({ ...to(1), ...sticky({ Key: 'aff' }) }, { ...source, ...options })).toEqual([]);
  });
});
