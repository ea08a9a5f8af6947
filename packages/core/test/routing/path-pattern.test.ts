import { describe, expect, it } from 'vitest';

import { compilePathPattern } from '../../src/routing/path-pattern.js';
import { RequestView } from '../../src/routing/request-view.js';
import matchFile from '../vectors/path-match.json' with { type: 'json' };
import patternFile from '../vectors/upstream-template-regex.json' with { type: 'json' };
import { effectivePriority } from '../../src/routing/route-order.js';
import { request, route } from './route-fixture.js';

interface MatchVector {
  readonly kind: string;
  readonly template: string;
  readonly caseSensitive: boolean;
  readonly path: string;
  readonly query: string;
  readonly matches: boolean;
  readonly source: string;
}

const matches = (template: string, target: string, isCaseSensitive = false): boolean => {
  const view = new RequestView(request(target));
  const { query } = view.request;
  return compilePathPattern(template, isCaseSensitive).matches(
    isCaseSensitive ? view.path : view.foldedPath,
    isCaseSensitive ? query : query.toLowerCase(),
  );
};

describe('compilePathPattern', () => {
  // The vectors of kind "regex" compare ready-made .NET regular expressions; there are none here.
  const vectors = (matchFile.vectors as readonly MatchVector[]).filter((vector) => vector.kind === 'template');
  it.each(vectors.map((vector) => ({ ...vector, target: vector.path + vector.query, expected: vector.matches })))(
    'decides as Ocelot does: $template on $target is $expected ($source)',
    ({ template, caseSensitive, target, expected }) => {
      expect(matches(template, target, caseSensitive)).toBe(expected);
    },
  );

  it.each(patternFile.vectors)('gives $template the priority $expectedPriority ($source)', (vector) => {
    const priority = vector.priorityStated ? vector.priority : 1;
    expect(effectivePriority(route({ pathTemplate: vector.template, priority }))).toBe(vector.expectedPriority);
  });

  // The vectors of upstream-template-regex.json are regular expressions: their behaviour is compared, not their text.
  const texts = [
    '/',
    '/orders',
    '/orders/',
    '/orders/1/2',
    '/ORDERS/1',
    '/api/products/1/variants',
    '/1/products/variants/2',
  ];
  const more = [
    '/api/products/1/variants/2/3',
    '/api/products//variants/2',
    '/1/products/variants/2/',
    '/1/products/variants/2/3',
  ];
  const queries = [
    '/api/subscriptions/1/updates',
    '/api/subscriptions/1/updates?unitId=1&productId=2',
    '/api/subscriptions/1/updates/?unitId=1',
  ];
  const targets = [...texts, ...more, ...queries];
  it.each(patternFile.vectors)('matches what $expectedRegex matches ($source)', (vector) => {
    const ignoresCase = vector.expectedRegex.startsWith('^(?i)');
    const regex = new RegExp(vector.expectedRegex.replace('(?i)', ''), ignoresCase ? 'is' : 's');
    const subject = (target: string): string => (vector.containsQueryString ? target : (target.split('?')[0] ?? ''));
    expect(targets.filter((target) => matches(vector.template, target, !ignoresCase))).toEqual(
      targets.filter((target) => regex.test(subject(target))),
    );
  });

  it('takes literals as literals: a dot is a dot (Ocelot: any character)', () => {
    expect(matches('/v1.0/x', '/v1.0/x')).toBe(true);
    expect(matches('/v1.0/x', '/v1x0/x')).toBe(false);
    expect(matches('/a(b)+c|d/{x}', '/a(b)+c%7Cd/1')).toBe(true);
  });

  it('does not make a literal segment that begins with a dot optional (Ocelot: it is)', () => {
    expect(matches('/x/.well-known', '/x/.well-known')).toBe(true);
    expect(matches('/x/.well-known', '/x')).toBe(false);
  });

  it('makes the last segment optional when it begins with a placeholder', () => {
    for (const target of ['/a', '/a/', '/a/b', '/a/b/c']) expect(matches('/a/{x}', target)).toBe(true);
    expect(matches('/a/{x}', '/ab')).toBe(false);
    expect(matches('/a/{x}-{y}', '/a')).toBe(true);
    expect(matches('/a/{x}-{y}', '/a/b')).toBe(false);
    expect(matches('/a/v{x}', '/a')).toBe(false);
  });

  it('wants at least one character for a placeholder before a slash', () => {
    expect(matches('/a/{x}/b', '/a//b')).toBe(false);
    expect(matches('/a/{x}/b', '/a/1/b')).toBe(true);
    expect(matches('/a/{x}/b', '/a/1/2/b')).toBe(false);
    expect(matches('/a/{x}_{y}/b', '/a/_1/b')).toBe(false);
    expect(matches('/a/{x}{y}/b', '/a/1/b')).toBe(false);
  });

  it('matches a template that ends with a slash without it, and none that does not with one', () => {
    expect(matches('/a/{x}/', '/a/1')).toBe(true);
    expect(matches('/a/b', '/a/b/')).toBe(false);
    expect(matches('/', '/')).toBe(true);
    expect(matches('/', '/a')).toBe(false);
  });

  it('compares query parameters by position', () => {
    expect(matches('/x?a={a}&b={b}', '/x?a=1&b=2')).toBe(true);
    expect(matches('/x?a={a}&b={b}', '/x?b=2&a=1')).toBe(false);
    expect(matches('/x?a={a}', '/x?a=1&c=3')).toBe(true);
    expect(matches('/x?a={a}', '/x?c=3&a=1')).toBe(false);
    expect(matches('/x?a={a}', '/x')).toBe(false);
    expect(matches('/a/{x}?q={q}', '/a/b/c?q=1')).toBe(false);
    expect(matches('/a/{x}?q={q}', '/a?q=1')).toBe(false);
  });

  it('lets a query of one placeholder be absent, with and without a slash before it', () => {
    for (const target of ['/a', '/a/', '/a?', '/a?x=1', '/a/?x=1']) expect(matches('/a?{all}', target)).toBe(true);
    expect(matches('/a?{all}', '/a/b?x=1')).toBe(false);
    expect(matches('/a?to=/{rest}', '/a?to=')).toBe(true);
    expect(matches('/a?to=/{rest}', '/a?to=/b')).toBe(true);
  });

  it('ignores the query where the template has none', () => {
    expect(matches('/a', '/a?x=1')).toBe(true);
  });

  it('compares escapes by what they stand for, but keeps an escaped slash apart from a slash', () => {
    expect(matches('/a(b)/{x}', '/a%28b%29/1')).toBe(true);
    expect(matches('/a%28b%29/{x}', '/a(b)/1')).toBe(true);
    expect(matches('/caf%c3%a9', '/caf%C3%A9', true)).toBe(true);
    expect(matches('/café', '/caf%C3%A9')).toBe(true);
    expect(matches('/a/b', '/a%2Fb')).toBe(false);
    expect(matches('/a/{x}/c', '/a/b%2Fb/c')).toBe(true);
    expect(matches('/a b', '/a%20b')).toBe(true);
  });

  it('takes any text between braces for a name, also none at all', () => {
    expect(matches('/a/{}', '/a/b/c')).toBe(true);
    expect(matches('/a/{id:guid}/b', '/a/1/b')).toBe(true);
    expect(matches('/user/delete{id}', '/user/delete7')).toBe(true);
    expect(matches('/a/{b', '/a/%7Bb')).toBe(true);
  });

  it('decides on a path made to make a backtracking engine slow', () => {
    const hostile = `/f/${'-'.repeat(15_000)}`;
    expect(matches('/f/{a}-{b}-{c}-{d}.zip', hostile)).toBe(false);
    expect(matches('/f/{a}-{b}-{c}-{d}', hostile)).toBe(true);
  });
});
