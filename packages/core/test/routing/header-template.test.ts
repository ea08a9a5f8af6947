import { describe, expect, it } from 'vitest';

import { compileHeaderPattern } from '../../src/routing/header-template.js';
import { parseHeaderTemplate } from '../../src/routing/template.js';
import vectorFile from '../vectors/header-template.json' with { type: 'json' };
import { request } from './route-fixture.js';

interface Vector {
  readonly kind: string;
  readonly template?: string;
  readonly regex?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly templates?: Readonly<Record<string, string>>;
  readonly caseSensitive: boolean;
  readonly matches?: boolean;
  readonly placeholders?: readonly { readonly name: string; readonly value: string }[];
  readonly source: string;
}
const vectors = vectorFile.vectors as readonly Vector[];

type Values = Readonly<Record<string, string | readonly string[]>>;

const match = (templates: Readonly<Record<string, string>>, headers: Values, isCaseSensitive = false) => {
  const pattern = compileHeaderPattern(templates, isCaseSensitive);
  const received = request('/', { headers });
  const mismatch = pattern?.firstMismatch(received);
  const params: Record<string, string> = {};
  if (mismatch === undefined) pattern?.capture(received, params);
  return { mismatch, params };
};

describe('compileHeaderPattern', () => {
  it.each(vectors.filter((vector) => vector.kind === 'match'))(
    'decides as Ocelot does: $templates on $headers is $matches ($source)',
    ({ templates = {}, headers = {}, caseSensitive, matches, placeholders = [] }) => {
      const { mismatch, params } = match(templates, headers, caseSensitive);
      expect(mismatch === undefined).toBe(matches);
      for (const { name, value } of placeholders) expect(params[name.slice(1, -1)]).toBe(value);
    },
  );

  // Ocelot's results are regular expressions: what is compared is the text they are made of.
  it.each(vectors.filter((vector) => vector.kind === 'regex'))('reads $template as $regex ($source)', (vector) => {
    const { literals, names } = parseHeaderTemplate(vector.template ?? '');
    const regex = literals
      .map((literal, index) => literal + (index < names.length ? `(?<${names[index]}>.+)` : ''))
      .join('');
    expect(`^${vector.caseSensitive ? '' : '(?i)'}${regex}$`).toBe(vector.regex);
  });

  it('names the first header that does not fit', () => {
    expect(match({ a: '1', b: '2' }, { A: '1' }).mismatch).toBe('b');
    expect(match({ a: '1', b: '2' }, { A: '1', B: '3' }).mismatch).toBe('b');
    expect(match({ a: '1', b: '2' }, { A: '1', B: '2' }).mismatch).toBeUndefined();
  });

  it('joins several values by a bare comma', () => {
    expect(match({ a: '1,{header:rest}' }, { a: ['1', '2', '3'] }).params).toEqual({ rest: '2,3' });
  });

  it('takes literals as literals (Ocelot: as regular expressions)', () => {
    expect(match({ a: 'v1.0' }, { a: 'v1x0' }).mismatch).toBe('a');
    expect(match({ a: '(x)+' }, { a: '(x)+' }).mismatch).toBeUndefined();
  });

  it('gives the first placeholder as much as it can', () => {
    expect(match({ a: '{header:x}-{header:y}' }, { a: 'p-q-r' }).params).toEqual({ x: 'p-q', y: 'r' });
  });

  it('keeps the case of values while it ignores that of literals', () => {
    expect(match({ a: 'Tenant-{header:t}' }, { a: 'TENANT-Ab' }).params).toEqual({ t: 'Ab' });
  });

  it('is nothing when there are no templates', () => {
    expect(compileHeaderPattern({}, false)).toBeUndefined();
  });
});
