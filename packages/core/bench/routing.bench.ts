// What one match costs, by the number of routes and their kind. Run: npx vitest bench --run --project core
// The machine decides the figures; what must hold is that they hardly grow from 10 to 10,000 routes.
import { bench, describe } from 'vitest';

import type { Route } from '../src/index.js';
import { compileRewrite } from '../src/routing/rewrite.js';
import { compileRouteTable } from '../src/routing/route-table.js';
import { request, route } from '../test/routing/route-fixture.js';

const KINDS = {
  literal: { template: (n: number) => `/api/service-${n}/socket`, target: (n: number) => `/api/service-${n}/socket` },
  templated: {
    template: (n: number) => `/api/service-${n}/{rest}`,
    target: (n: number) => `/api/service-${n}/a/b?x=1`,
  },
  'placeholder first': {
    template: (n: number) => `/{tenant}/service-${n}/{rest}`,
    target: (n: number) => `/acme/service-${n}/a/b?x=1`,
  },
} as const;

const COUNTS = [10, 1_000, 10_000];

const entries = (count: number, template: (n: number) => string): { route: Route; value: number }[] =>
  Array.from({ length: count }, (_, n) => ({ route: route({ pathTemplate: template(n) }), value: n }));

for (const [kind, { template, target }] of Object.entries(KINDS)) {
  describe(`match, ${kind}`, () => {
    for (const count of COUNTS) {
      const table = compileRouteTable(entries(count, template));
      const received = request(target(Math.floor(count / 2)), { headers: { 'X-A': '1' } });
      bench(`${count} routes`, () => {
        if (table.match(received) === undefined) throw new Error('no route answers');
      });
    }
  });
}

describe('match, no route answers', () => {
  for (const count of COUNTS) {
    const table = compileRouteTable(entries(count, KINDS.templated.template));
    const received = request('/api/other/a/b');
    bench(`${count} routes`, () => {
      table.match(received);
    });
  }
});

describe('rewrite', () => {
  const rewrite = compileRewrite(route({ pathTemplate: '/api/{rest}' }, '/{rest}'));
  const params = { rest: 'a/b' };
  const plain = request('/api/a/b');
  const withQuery = request('/api/a/b?x=1&rest=2&y=%20');
  bench('without query', () => {
    rewrite(plain, params);
  });
  bench('with a query that is parsed', () => {
    rewrite(withQuery, params);
  });
});
