import { array, assert, constantFrom, oneof, pre, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compilePlaceholders } from '../../src/routing/placeholders.js';
import { RequestView } from '../../src/routing/request-view.js';
import { parseTemplate } from '../../src/routing/template.js';
import vectorFile from '../vectors/path-match.json' with { type: 'json' };
import { request } from './route-fixture.js';

interface Vector {
  readonly kind: string;
  readonly template?: string;
  readonly path: string;
  readonly query: string;
  readonly placeholders?: readonly { readonly name: string; readonly value: string }[];
  readonly absent?: readonly string[];
  readonly source: string;
}

const values = (template: string, target: string): Record<string, string> => ({
  ...compilePlaceholders(template)(new RequestView(request(target))),
});

// A path on the wire begins with a slash; Ocelot's helper is tested without, where template and path both lack it.
const rooted = (text: string): string => (text.startsWith('/') ? text : `/${text}`);

describe('compilePlaceholders', () => {
  const vectors = (vectorFile.vectors as readonly Vector[]).filter((vector) => vector.placeholders !== undefined);

  it.each(vectors)('finds what Ocelot finds: $template in $path$query ($source)', (vector) => {
    const { template = '', path, query, placeholders = [], absent = [] } = vector;
    const found = values(rooted(template), rooted(path) + query);
    const expected = placeholders.map(({ name, value }): [string, string] => [name.slice(1, -1), value]);
    if (absent.length === 0) expect(found).toEqual(Object.fromEntries(expected));
    for (const name of absent) expect(found).not.toHaveProperty([name.slice(1, -1)]);
  });

  it('lets only the last placeholder hold slashes', () => {
    expect(values('/a/{x}/{y}', '/a/1/2/3')).toEqual({ x: '1', y: '2/3' });
  });

  it('gives an optional last placeholder the empty text', () => {
    expect(values('/a/{x}', '/a')).toEqual({ x: '' });
    expect(values('/a/{x}/{y}', '/a/1')).toEqual({ x: '1', y: '' });
  });

  it('finds nothing at all where its rules differ from those of the match', () => {
    expect(values('/a/{x}-{y}', '/a/b/c-d')).toEqual({});
    expect(values('/a?x={x}', '/a/?x=1')).toEqual({});
    expect(values('/a/{x}/b', '/a/p&q/b')).toEqual({});
  });

  it('ends the last placeholder at an ampersand', () => {
    expect(values('/a/{x}', '/a/b&c')).toEqual({ x: 'b' });
  });

  it('cuts values out of the path as it was received, escapes untouched', () => {
    expect(values('/a(b)/{x}/{y}', '/a%28b%29/%28%2f%7e/caf%c3%a9%20')).toEqual({ x: '%28%2f%7e', y: 'caf%c3%a9%20' });
    expect(values('/a/{x}?q={q}', '/a/%28?q=%28')).toEqual({ x: '%28', q: '%28' });
  });

  it('keeps the case of the value while it ignores that of the literals', () => {
    expect(values('/ROOMS/{x}', '/rooms/ABC')).toEqual({ x: 'ABC' });
  });

  it('holds no inherited names', () => {
    const params = compilePlaceholders('/{x}')(new RequestView(request('/a')));
    expect('constructor' in params).toBe(false);
    expect(Object.isFrozen(params)).toBe(true);
  });

  it('reads a path made to make a backtracking engine slow', () => {
    expect(values('/f/{a}-{b}-{c}-{d}.zip', `/f/${'-'.repeat(15_000)}`)).toEqual({});
  });

  it('finds what the greedy regular expression of Ocelot finds, for any template and path', () => {
    const piece = constantFrom('/', '-', 'a', 'b', '/a', 'b/', '&', '|', '.', '');
    const template = array(oneof(piece, constantFrom('{p}', '{q}', '{r}', '{s}')), { minLength: 1, maxLength: 8 })
      .map((parts) => [...new Map(parts.map((part, index) => [part.startsWith('{') ? part : index, part])).values()])
      .map((parts) => `/${parts.join('')}`);
    const path = array(piece, { maxLength: 14 }).map((parts) => `/${parts.join('')}`);
    assert(
      property(template, path, (template, path) => {
        pre(!/\/\./.test(path));
        expect(values(template, path)).toEqual(greedily(template, path));
      }),
      { numRuns: 5_000 },
    );
  });
});

const escape = (text: string): string => text.replaceAll('.', '\\.').replaceAll('|', '%7C');

/** The rule as Ocelot writes it, a regular expression; fit for short inputs only. */
function greedily(template: string, path: string): Record<string, string> {
  const { literals, names } = parseTemplate(template);
  const groups = literals.map((literal, index) => {
    const group = index === names.length ? '' : index === names.length - 1 ? '([^&]*)' : '([^/|&]*)';
    return escape(literal) + group;
  });
  const regex = new RegExp(`^${groups.join('')}`, 'i');
  const text = path.replaceAll('|', '%7C');
  const end = literals.at(-1);
  const match = regex.exec(text) ?? (end === '' || end === '/' ? regex.exec(`${text}/`) : null);
  if (match === null || names.length === 0) return {};
  return Object.fromEntries(names.map((name, index) => [name, (match[index + 1] ?? '').replaceAll('%7C', '|')]));
}
