import { describe, expect, it } from 'vitest';

import { matchingOrder } from '../../src/routing/route-order.js';
import { route } from './route-fixture.js';

describe('matchingOrder', () => {
  it('lists exact hosts, wildcards with the longest first, then routes without host, each by priority', () => {
    const routes = [
      route({ pathTemplate: '/1', priority: 5 }),
      route({ pathTemplate: '/2', host: '*.com', priority: 9 }),
      route({ pathTemplate: '/3', host: '*.a.com' }),
      route({ pathTemplate: '/4', host: 'a.com' }),
      route({ pathTemplate: '/5', host: 'b.com', priority: 2 }),
      route({ pathTemplate: '/6', priority: 5 }),
      route({ pathTemplate: '/{7}', priority: 5 }),
    ];
    expect(matchingOrder(routes).map((one) => one.match.pathTemplate)).toEqual([
      '/5',
      '/4',
      '/3',
      '/2',
      '/1',
      '/6',
      '/{7}',
    ]);
  });
});
