import { array, assert, constantFrom, oneof, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isGatewayError, type Params } from '../../src/index.js';
import { compileCandidate } from '../../src/routing/candidate.js';
import { RequestView } from '../../src/routing/request-view.js';
import { compileRewrite, composeTarget } from '../../src/routing/rewrite.js';
import vectorFile from '../vectors/downstream-url.json' with { type: 'json' };
import { request, type RequestOptions, route } from './route-fixture.js';

interface Vector {
  readonly kind: string;
  readonly upstreamTemplate?: string;
  readonly downstreamTemplate?: string;
  readonly upstreamHeaderTemplates?: Readonly<Record<string, string>>;
  readonly caseSensitive?: boolean;
  readonly headers?: RequestOptions['headers'];
  readonly requestPath?: string;
  readonly requestQuery?: string;
  readonly requestUrl?: string;
  readonly replacedDownstreamPath?: string;
  readonly serviceFabricServiceName?: string;
  readonly placeholders?: readonly { readonly name: string; readonly value: string }[];
  readonly expected?: string;
  readonly expectedUrl?: string;
  readonly input?: string;
  readonly source: string;
}
const vectors = vectorFile.vectors as readonly Vector[];
const ofKind = (kind: string): readonly Vector[] => vectors.filter((vector) => vector.kind === kind);

/** Vectors that differ on purpose, by name. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'DownstreamUrlCreatorMiddlewareTests.Should_create_service_fabric_url': 'Service Fabric is not supported',
  'DownstreamUrlCreatorMiddlewareTests.Should_create_service_fabric_url_with_version_from_upstream_path_template':
    'Service Fabric is not supported',
  'DownstreamUrlCreatorMiddlewareTests.Should_not_replace_by_empty_scheme': 'Service Fabric is not supported',
  'ServiceFabricTests.Should_fix_issue_555': 'Service Fabric is not supported',
  'ServiceFabricTests.Should_support_service_fabric_naming_and_dns_service_statefull_and_actors':
    'Service Fabric is not supported',
  'ServiceFabricTests.Should_support_service_fabric_naming_and_dns_service_stateless_and_guest':
    'Service Fabric is not supported',
  'DownstreamUrlCreatorMiddlewareTests.ShouldThrowNotSupportedException_WhenReplacerReturnedEmpty':
    'a template begins with a slash here: the configuration is refused otherwise',
};

const params = (vector: Vector): Params =>
  Object.fromEntries((vector.placeholders ?? []).map(({ name, value }) => [name.slice(1, -1), value]));

const targetOf = (url: string): string => url.replace(/^\w+:\/\/[^/?]*/, '').replace(/^(?!\/)/, '/');

const rewritten = (template: string, downstream: string, target: string, options: RequestOptions = {}): string => {
  const compiled = route({ pathTemplate: template }, downstream);
  const view = new RequestView(request(target, options));
  const candidate = compileCandidate(compiled);
  expect(candidate.objection(view)).toBeUndefined();
  const { path, query } = compileRewrite(compiled)(view.request, candidate.params(view));
  return path + query;
};

const refusal = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return isGatewayError(error) ? `${error.code} ${error.status}` : error;
  }
};

describe('compileRewrite', () => {
  it.each(ofKind('end-to-end'))(
    'sends what Ocelot sends: $upstreamTemplate → $downstreamTemplate for $requestPath$requestQuery ($source)',
    (vector) => {
      const compiled = route(
        {
          pathTemplate: vector.upstreamTemplate ?? '',
          caseSensitive: vector.caseSensitive ?? false,
          headers: vector.upstreamHeaderTemplates ?? {},
        },
        vector.downstreamTemplate,
      );
      const received = request(`${vector.requestPath}${vector.requestQuery}`, { headers: vector.headers ?? {} });
      const view = new RequestView(received);
      const candidate = compileCandidate(compiled);
      expect(candidate.accepts(view)).toBe(true);
      const { path, query } = compileRewrite(compiled)(received, candidate.params(view));
      expect(path + query).toBe(targetOf(vector.expectedUrl ?? ''));
    },
  );

  it.each(ofKind('replace'))('replaces placeholders: $downstreamTemplate is $expected ($source)', (vector) => {
    const { path } = compileRewrite(route({ pathTemplate: '/' }, vector.downstreamTemplate))(
      request('/a/'),
      params(vector),
    );
    // What Ocelot's helper leaves without a leading slash gets it here.
    expect(path).toBe((vector.expected ?? '').replace(/^(?!\/)/, '/'));
  });

  it('replaces a placeholder once, so that a value cannot bring in another one (Ocelot: it can)', () => {
    expect(rewritten('/{a}/{b}', '/{a}/{b}', '/x%7Bb%7D/y')).toBe('/x%7Bb%7D/y');
    expect(rewritten('/{a}/{b}', '/{a}/{b}', '/{b}/y')).toBe('/{b}/y');
  });

  it('sends a placeholder without a value as it stands, escaped', () => {
    expect(rewritten('/a', '/b/{x}', '/a')).toBe('/b/%7Bx%7D');
    expect(rewritten('/{x}', '/b/{constructor}', '/a')).toBe('/b/%7Bconstructor%7D');
  });

  it('sends the bytes that came, escapes untouched', () => {
    expect(rewritten('/api/{path}', '/routed/{path}', '/api/debug%28%29%2f%7e/caf%c3%a9')).toBe(
      '/routed/debug%28%29%2f%7e/caf%c3%a9',
    );
  });

  it('drops the slash at the end when the request has none', () => {
    expect(rewritten('/a/{x}', '/b/{x}/', '/a/1')).toBe('/b/1');
    expect(rewritten('/a/{x}', '/b/{x}/', '/a')).toBe('/b');
    expect(rewritten('/a/{x}', '/{x}', '/a')).toBe('/');
    expect(rewritten('/a/{x}', '/b/{x}', '/a/1/')).toBe('/b/1/');
    expect(rewritten('/a/{x}', '/b/{x}', '/a/1/.')).toBe('/b/1/');
  });

  it('keeps a path that begins with two slashes a path', () => {
    expect(rewritten('/{all}', '/{all}', '//evil.example/x')).toBe('//evil.example/x');
  });

  it.each([
    ['a dot segment made of two values', '/{a}/{b}', '/x/{a}{b}/y', '/./.', undefined],
    ['a header', '/{a}', '/tenants/{t}/{a}', '/z', { t: '{header:t}' }],
  ])('does not let values climb out of the path: %s', (_, template, downstream, target, headers) => {
    const compiled = route({ pathTemplate: template, headers: headers ?? {} }, downstream);
    const values: Params = headers === undefined ? { a: '.', b: '.' } : { a: 'z', t: '../../admin' };
    expect(refusal(() => compileRewrite(compiled)(request(target), values))).toBe('OCELOT_ERR_REQUEST_INVALID 400');
  });

  it.each(['a\r\nb', 'a\u0000b', 'a\nb', 'a\u007fb'])('refuses a value with a control character: %j', (value) => {
    const rewrite = compileRewrite(route({ pathTemplate: '/' }, '/{x}'));
    expect(refusal(() => rewrite(request('/'), { x: value }))).toBe('OCELOT_ERR_REQUEST_INVALID 400');
  });

  it('calls it an invalid handshake where it is an upgrade', () => {
    const rewrite = compileRewrite(route({ pathTemplate: '/' }, '/a/{x}'));
    const upgrade = request('/', { kind: 'upgrade' });
    expect(refusal(() => rewrite(upgrade, { x: 'a\nb' }))).toBe('OCELOT_ERR_UPGRADE_INVALID 400');
    expect(refusal(() => rewrite(upgrade, { x: '..' }))).toBe('OCELOT_ERR_UPGRADE_INVALID 400');
  });

  it('sends a path to the backend it was given, whatever the target is (S14)', () => {
    const rewrite = compileRewrite(route({ pathTemplate: '/{all}' }, '/{all}'));
    const candidate = compileCandidate(route({ pathTemplate: '/{all}' }));
    const odd = constantFrom(
      '/',
      '//',
      '\\',
      '@',
      ':',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '%00',
      '%0d%0a',
      '#',
      '\t',
      ' ',
      '?',
    );
    const host = constantFrom('evil.example', 'http://', 'localhost', 'a', '[::1]', '\u0000', 'é', ';');
    assert(
      property(array(oneof(odd, host), { maxLength: 10 }), (pieces) => {
        let target: string;
        try {
          const received = request(pieces.join(''));
          const { path, query } = rewrite(received, candidate.params(new RequestView(received)));
          target = path + query;
        } catch (error) {
          expect(isGatewayError(error) && error.code).toBe('OCELOT_ERR_REQUEST_INVALID');
          return;
        }
        expect(target).toMatch(/^\/[\x21-\x7e]*$/);
        const url = new URL(`http://backend.test:81${target}`);
        expect(url.host).toBe('backend.test:81');
        // Nothing is left for a URL parser to normalise: what is matched is what the backend reads.
        expect(url.pathname + (target.includes('?') ? url.search || '?' : '')).toBe(target);
      }),
      { numRuns: 5_000 },
    );
  });

  it('escapes in values from headers what would end the path', () => {
    const rewrite = compileRewrite(route({ pathTemplate: '/' }, '/t/{x}?y={y}'));
    expect(rewrite(request('/'), { x: 'a?b#c d\\é', y: 'a?b#c' })).toEqual({
      path: '/t/a%3Fb%23c%20d%5C%C3%A9',
      query: '?y=a?b%23c',
    });
  });
});

describe('composeTarget', () => {
  const creations = ofKind('create-url').filter((vector) => vector.serviceFabricServiceName === undefined);
  it.each(creations)('joins path and query as Ocelot does ($source)', (vector) => {
    const received = request(targetOf(vector.requestUrl ?? ''));
    const { path, query } = composeTarget(vector.replacedDownstreamPath ?? '', received, Object.keys(params(vector)));
    expect(path + query).toBe(targetOf(vector.expectedUrl ?? ''));
  });

  it.each([...ofKind('split-path'), ...ofKind('split-query')])(
    'cuts "$input" at its question mark ($source)',
    (vector) => {
      const { path, query } = composeTarget(vector.input ?? '', request('/a/'), []);
      // An empty path is the root on the wire, a lone question mark is no query.
      if (vector.kind === 'split-path') expect(path).toBe(vector.expected === '' ? '/' : vector.expected);
      else expect(query).toBe(vector.expected === '?' ? '' : vector.expected);
    },
  );

  it('leaves the query alone, byte for byte, when there are no placeholder values', () => {
    const query = '?b=%2f+%zz&&a=1&b=2&flag&=x&\'"{}|';
    expect(composeTarget('/x', request(`/${query}`), []).query).toBe(query);
    expect(composeTarget('/x', request('/?'), []).query).toBe('?');
  });

  it('takes out parameters named like a placeholder, whatever their case, and encodes the others anew', () => {
    const target = request("/?ID=1&a=x+y&b=%c3%a9:/'&flag&a=2&A=3&=v&c=1=2");
    expect(composeTarget('/x', target, ['id']).query).toBe('?a=x%20y&a=2&a=3&b=%C3%A9%3A%2F%27&flag=&=v&c=1%3D2');
    expect(composeTarget('/x', request('/?id=9'), ['id']).query).toBe('');
    expect(composeTarget('/x', request('/?'), ['id']).query).toBe('');
  });

  it('merges the query of the template with that of the request, the template first', () => {
    const target = request('/?a=1&b=2&a=3&flag&id=4&ID=5&t=6');
    expect(composeTarget('/x?t=9&u=a+b', target, ['id']).query).toBe('?t=9&u=a%20b&a=1,3&b=2');
    expect(composeTarget('/x?t=9&u=a+b', request('/'), ['id']).query).toBe('?t=9&u=a+b');
  });

  it('keeps bytes that are no UTF-8, and percent signs that begin no escape', () => {
    expect(composeTarget('/x', request('/?a=%ff%zz'), ['id']).query).toBe('?a=%FF%25zz');
  });

  it.each([
    ['A-Za-z0-9-._~!$()*,;@', 'A-Za-z0-9-._~!$()*,;@'],
    ["'", '%27'],
    ['"', '%22'],
    ['[', '%5B'],
    ['?', '%3F'],
  ])('writes %s as %s', (value, written) => {
    expect(composeTarget('/x', request(`/?a=${value}`), ['id']).query).toBe(`?a=${written}`);
  });
});

describe('vectors that differ on purpose', () => {
  it('are those of Service Fabric, and the one with an empty template', () => {
    const isFabric = (vector: Vector): boolean => vector.serviceFabricServiceName !== undefined;
    const left = [...ofKind('error'), ...ofKind('service-fabric'), ...ofKind('create-url').filter(isFabric)];
    expect([...new Set(left.map(({ source }) => source))].toSorted()).toEqual(Object.keys(DIFFERENT).toSorted());
  });

  it('leave no other kind of vector aside', () => {
    const run = ['end-to-end', 'replace', 'create-url', 'split-path', 'split-query'];
    const aside = ['error', 'service-fabric'];
    expect(vectors.filter(({ kind }) => ![...run, ...aside].includes(kind))).toEqual([]);
  });
});
