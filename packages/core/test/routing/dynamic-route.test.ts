import { describe, expect, it } from 'vitest';

import { resolveDynamic } from '../../src/routing/dynamic-route.js';
import vectorFile from '../vectors/dynamic-routing.json' with { type: 'json' };
import { request } from './route-fixture.js';

describe('resolveDynamic', () => {
  it.each(vectorFile.vectors)('reads $path as Ocelot does ($source)', (vector) => {
    expect(resolveDynamic(request(vector.path))).toEqual({
      namespace: vector.serviceNamespace,
      service: vector.serviceName,
      path: vector.downstreamPath,
    });
  });

  it('sends the path behind the service as it came', () => {
    expect(resolveDynamic(request('/chat/a%2Fb//c?x=1'))).toMatchObject({ service: 'chat', path: '/a%2Fb//c' });
  });

  it('removes dot segments first, so that no path reaches another service than it names', () => {
    expect(resolveDynamic(request('/chat/../admin/x'))).toMatchObject({ service: 'admin', path: '/x' });
  });

  it.each(['/', '//x', '/ns.', '/.'])('finds no service in %s', (path) => {
    expect(resolveDynamic(request(path))).toBeUndefined();
  });
});
