import { readConfiguration, type Route } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { routeNames } from '../../src/settings/route-names.js';

const dynamic = readConfiguration({
  Routes: [],
  DynamicRoutes: [{ ServiceName: 'orders', DownstreamScheme: 'http' }],
  GlobalConfiguration: { ServiceDiscoveryProvider: { Type: 'Consul', Host: 'registry', Port: 8500 } },
});

describe('routeNames', () => {
  it('gives services that clients name the name of the entry they came by', () => {
    const names = routeNames(dynamic);
    expect(names.labelOf('dynamic:anything-a-client-writes')).toBe('dynamic');
    expect(names.labelOf('dynamic orders:orders')).toBe('dynamic orders');
  });

  it('gives their routes one template', () => {
    const [fallback] = [dynamic.dynamic?.fallback];
    if (fallback === undefined) throw new Error('there is no dynamic routing');
    const bound: Route = { ...fallback, id: 'dynamic:x', match: { ...fallback.match, pathTemplate: '/x' } };
    expect(routeNames(dynamic).templateOf(bound)).toBe('/{service}/{everything}');
  });

  it('knows only services of the configuration', () => {
    const names = routeNames(dynamic);
    expect(names.serviceLabel({ name: 'orders', namespace: '' })).toBe('orders');
    expect(names.serviceLabel({ name: 'guessed', namespace: '' })).toBeUndefined();
  });

  it('keeps the id of a route that a reload removed: it may still have sockets', () => {
    expect(routeNames(dynamic).labelOf('chat')).toBe('chat');
  });
});
