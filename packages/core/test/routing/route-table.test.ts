import { array, assert, constantFrom, option, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { GatewayRequest, Route, RouteMatch } from '../../src/index.js';
import { compileRewrite } from '../../src/routing/rewrite.js';
import { compileRouteTable } from '../../src/routing/route-table.js';
import vectorFile from '../vectors/route-choice.json' with { type: 'json' };
import { naiveMatch } from './naive-match.js';
import { type FileRoute, fileRoute, request, type RequestOptions, route } from './route-fixture.js';

interface Vector {
  readonly kind?: string;
  readonly urlMatches?: boolean;
  readonly routes?: readonly FileRoute[];
  readonly upstreamHeaderTemplates?: Readonly<Record<string, string>>;
  readonly request: {
    readonly method?: string;
    readonly path?: string;
    readonly query?: string;
    readonly host?: string;
    readonly headers?: RequestOptions['headers'];
    readonly wirePath?: string;
  };
  readonly expected: { readonly route?: number | null; readonly downstreamPath?: string; readonly matches?: boolean };
  readonly source: string;
}
const vectors = vectorFile.vectors as readonly Vector[];

/** The vector that differs on purpose in what it sends: the bytes of the client are kept. */
const SENDS_BYTES =
  'RoutingTests.Should_change_downstream_path_by_upstream_path_when_path_contains_malicious_characters';

const table = (routes: readonly Route[]) => compileRouteTable(routes.map((route, index) => ({ route, value: index })));

const winner = (routes: readonly Route[], received: GatewayRequest): number | null =>
  table(routes).match(received)?.value ?? null;

const requestOf = ({ request: vector }: Vector): GatewayRequest => {
  const { method = 'GET', path = '/', query = '', host = 'localhost', headers = {}, wirePath } = vector;
  return request((wirePath ?? path) + query, { method, host, headers });
};

describe('RouteTable', () => {
  // The two vectors with aggregates are answered by what calls several routes for one HTTP request; there is none here.
  // Nor can DownstreamRouteFinderTests.Should_not_return_route be told here: its path matches, but the test replaces the
  // matcher by one that says no.
  const choices = vectors.filter((vector) => vector.routes !== undefined && vector.urlMatches !== false);
  it.each(choices.map((vector, index) => ({ vector, title: `${index}: ${vector.source}` })))(
    'chooses as Ocelot does: $title',
    ({ vector }) => {
      const routes = (vector.routes ?? []).map(fileRoute);
      const received = requestOf(vector);
      const match = table(routes).match(received);
      expect(match?.value ?? null).toBe(vector.expected.route);
      const chosen = routes[match?.value ?? -1];
      const { downstreamPath } = vector.expected;
      if (match === undefined || chosen === undefined || downstreamPath === undefined) return;
      const differs = vector.source === SENDS_BYTES && vector.request.wirePath !== undefined;
      const sent = differs ? '/routed/api/debug%28%29' : downstreamPath;
      expect(compileRewrite(chosen)(received, match.params).path).toBe(sent);
    },
  );

  it.each(vectors.filter((vector) => vector.kind === 'header-match'))('compares headers: $source', (vector) => {
    const only = route({ pathTemplate: '/', headers: vector.upstreamHeaderTemplates ?? {} });
    expect(winner([only], requestOf(vector)) === 0).toBe(vector.expected.matches);
  });

  it('prefers a route with a host over one without, whatever their priorities', () => {
    const routes = [
      route({ pathTemplate: '/a', priority: 5 }),
      route({ pathTemplate: '/a', host: 'a.com', priority: 1 }),
    ];
    expect(winner(routes, request('/a', { host: 'a.com' }))).toBe(1);
    expect(winner(routes, request('/a', { host: 'b.com' }))).toBe(0);
  });

  it('prefers an exact host over a wildcard, and the longer wildcard over the shorter', () => {
    const hosts = ['*.example.com', '*.eu.example.com', 'x.eu.example.com', undefined];
    const routes = hosts.map((host) => route({ pathTemplate: '/a', host }));
    expect(winner(routes, request('/a', { host: 'x.eu.example.com' }))).toBe(2);
    expect(winner(routes, request('/a', { host: 'Y.eu.example.com:8080' }))).toBe(1);
    expect(winner(routes, request('/a', { host: 'a.b.example.com' }))).toBe(0);
    expect(winner(routes, request('/a', { host: 'example.com' }))).toBe(3);
    expect(winner(routes, request('/a', { host: 'notexample.com' }))).toBe(3);
  });

  it('falls back to routes without host when those of the host do not fit', () => {
    const routes = [route({ pathTemplate: '/a', host: 'a.com' }), route({ pathTemplate: '/b' })];
    expect(winner(routes, request('/b', { host: 'a.com' }))).toBe(1);
  });

  it('compares hosts without case (Ocelot: with case)', () => {
    expect(winner([route({ pathTemplate: '/', host: 'a.com' })], request('/', { host: 'A.COM' }))).toBe(0);
  });

  it('asks higher priorities first and keeps the order of the file among equals', () => {
    const routes = [
      route({ pathTemplate: '/goods/{everything}' }),
      route({ pathTemplate: '/goods/delete' }),
      route({ pathTemplate: '/goods/{id}', priority: 2, methods: ['POST'] }),
    ];
    expect(winner(routes, request('/goods/delete'))).toBe(0);
    expect(winner(routes, request('/goods/delete', { method: 'POST' }))).toBe(2);
  });

  it('compares methods without case', () => {
    expect(winner([route({ pathTemplate: '/', methods: ['get'] })], request('/'))).toBe(0);
    expect(winner([route({ pathTemplate: '/', methods: ['GET'] })], request('/', { method: 'get' }))).toBe(0);
  });

  it('gives a catch-all the priority 0, whatever the file says', () => {
    const routes = [
      route({ pathTemplate: '/{url}', priority: 9 }),
      route({ pathTemplate: '/goods/{id}', priority: 1 }),
    ];
    expect(winner(routes, request('/goods/1'))).toBe(1);
    expect(winner(routes, request('/other'))).toBe(0);
  });

  it('gives the values of path, query and headers, those of the path before those of headers', () => {
    const only = route({ pathTemplate: '/a/{x}?q={q}', headers: { h: '{header:x}-{header:h}' } });
    const match = table([only]).match(request('/a/1?q=2', { headers: { H: 'p-q' } }));
    expect({ ...match?.params }).toEqual({ x: '1', q: '2', h: 'q' });
    expect(Object.isFrozen(match?.params)).toBe(true);
  });

  it('matches what is left when dot segments are gone (S14)', () => {
    const routes = [route({ pathTemplate: '/public/{x}' }), route({ pathTemplate: '/admin/{x}' })];
    expect(winner(routes, request('/public/../admin/1'))).toBe(1);
    expect(winner(routes, request('/public/%2e%2e/admin/1'))).toBe(1);
    expect(winner(routes, request('/public/x%2fadmin'))).toBe(0);
    expect(() => winner(routes, request('/public/..%2fadmin'))).toThrow('decodes to a dot segment');
  });

  it('answers nothing when it is empty', () => {
    expect(winner([], request('/'))).toBeNull();
  });

  it('answers as the naive rule does, for any routes and requests', () => {
    const plain = ['/', '/{all}', '/a', '/a/', '/A', '/a/b', '/a/b/', '/a.b/{x}', '/(a)/{x}', '/a%28/{x}', '/a/b/{x}'];
    const single = ['/a/{x}', '/a/{x}/', '/a/{x}/b', '/{x}/b', '/a/v{x}', '/a/v{x}/b'];
    const several = ['/a/{x}/b/{y}', '/{x}/{y}', '/a/{x}-{y}', '/a/{x}{y}/b', '/a/{x}/{y}/b'];
    const queries = ['/a?{all}', '/a/?{all}', '/a?q={q}', '/a/{x}?q={q}', '/a?q={q}&r={r}', '/a?to=/{x}', '/{x}?q={q}'];
    const match = record<RouteMatch>({
      pathTemplate: constantFrom(...plain, ...single, ...several, ...queries),
      caseSensitive: constantFrom(true, false),
      methods: constantFrom<readonly string[]>([], ['GET'], ['POST'], ['GET', 'POST']),
      host: option(constantFrom('a.com', 'b.a.com', '*.a.com', '*.b.a.com'), { nil: undefined }),
      headers: constantFrom<Readonly<Record<string, string>>>({}, { h: '1' }, { h: '{header:v}2' }),
      priority: constantFrom(0, 1, 2),
    });
    const targets = [
      '/',
      '/a',
      '/a/',
      '/A',
      '/a/b',
      '/a/b/',
      '/a/b/c',
      '/a/1/b',
      '/a/1/b/',
      '/a/1/b/2/3',
      '/x/b',
      '/a/v1',
    ];
    const more = [
      '/a/v1/b',
      '/a/x-y',
      '/a/xy/b',
      '/a?q=1',
      '/a/?q=1',
      '/a/1?q=1&r=2',
      '/a?q=1&r=2',
      '/a?to=/x',
      '/a?to=',
    ];
    const rare = [
      '/a.b/1',
      '/axb/1',
      '/(a)/1',
      '/%28a%29/1',
      '/a%28/1',
      '/a(/1',
      '/a%2Fb',
      '/a//b',
      '//',
      '/a/./b',
      '/A/V1',
    ];
    const received = record({
      target: constantFrom(...targets, ...more, ...rare),
      method: constantFrom('GET', 'POST'),
      host: constantFrom('a.com', 'b.a.com', 'c.b.a.com', 'other'),
      header: option(constantFrom('1', '12', '2'), { nil: undefined }),
    });
    assert(
      property(
        array(match, { maxLength: 12 }),
        array(received, { minLength: 1, maxLength: 5 }),
        (matches, requests) => {
          const routes = matches.map((one) => route(one));
          const compiled = table(routes);
          for (const { target, method, host, header } of requests) {
            const one = request(target, { method, host, headers: header === undefined ? {} : { h: header } });
            expect(compiled.match(one)?.value).toBe(naiveMatch(routes, one));
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
