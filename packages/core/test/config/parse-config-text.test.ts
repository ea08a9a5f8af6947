import { describe, expect, it } from 'vitest';

import { parseConfigText } from '../../src/index.js';
import { nodeValue } from '../../src/config/config-node.js';

const value = (text: string | Uint8Array) => nodeValue(parseConfigText(text, 'ocelot.json').root);
const issues = (text: string | Uint8Array) => parseConfigText(text, 'ocelot.json').issues;

describe('parseConfigText', () => {
  it('accepts both kinds of comment and trailing commas', () => {
    const text = '{ // routes\n "Routes": [ 1, /* two */ 2, ],\n}';
    expect(value(text)).toEqual({ Routes: [1, 2] });
    expect(issues(text)).toEqual([]);
  });

  it('drops a byte-order mark of bytes and of text', () => {
    expect(value(new TextEncoder().encode('\uFEFF{"A":1}'))).toEqual({ A: 1 });
    expect(value('\uFEFF{"A":1}')).toEqual({ A: 1 });
  });

  it('takes an empty file, and one of comments only, as an empty configuration', () => {
    for (const text of ['', '  \n', '// all of it\n/* is out */']) {
      expect(value(text)).toEqual({});
      expect(issues(text)).toEqual([]);
    }
  });

  it('replaces bytes that are not UTF-8 and warns with the place of the first', () => {
    const bytes = Uint8Array.from([
      ...new TextEncoder().encode('{\n "A": "'),
      0xc3,
      0x28,
      ...new TextEncoder().encode('"}'),
    ]);
    expect(value(bytes)).toEqual({ A: '\uFFFD(' });
    expect(issues(bytes)).toMatchObject([
      { severity: 'warning', kind: 'NotUtf8', source: 'ocelot.json#', line: 2, column: 8 },
    ]);
  });

  it('tells line and column of a syntax error', () => {
    expect(issues('{\n  "Routes": [\n    nul\n  ]\n}')).toMatchObject([
      { severity: 'error', kind: 'JsonSyntax', source: 'ocelot.json#', line: 3, column: 5 },
    ]);
  });

  it('reports every syntax error of the file, not only the first', () => {
    const found = issues('{ "A": 1 "B": 2,\n "C" 3 }');
    expect(found.map(({ line, message }) => [line, message])).toEqual([
      [1, 'A comma is missing before this.'],
      [2, 'A colon is missing between key and value.'],
    ]);
  });

  it('names the line of an object that is not closed', () => {
    expect(issues('{\n "Routes": [')).toMatchObject([{ line: 2 }, { line: 2 }]);
  });

  it('refuses a key that appears twice in one object, whatever its case, in every object', () => {
    const found = issues('{ "Routes": [{ "Key": "a",\n "Key": "b" }], "routes": [] }');
    expect(found.map(({ kind, source, line }) => [kind, source, line])).toEqual([
      ['DuplicateKey', 'ocelot.json#/Routes/0/Key', 2],
      ['DuplicateKey', 'ocelot.json#/routes', 2],
    ]);
  });

  it('refuses a file that is no object', () => {
    expect(issues('[]')).toMatchObject([{ severity: 'error', kind: 'WrongType', line: 1, column: 1 }]);
    expect(issues('"text"')).toMatchObject([{ severity: 'error', kind: 'WrongType' }]);
  });

  it('refuses nesting that .NET does not read either, without exhausting the stack', () => {
    for (const depth of [70, 5000, 200_000]) {
      expect(issues(`{"A":${'['.repeat(depth)}${']'.repeat(depth)}}`)).toMatchObject([
        { severity: 'error', kind: 'JsonSyntax' },
      ]);
    }
    expect(issues(`{"A":${'['.repeat(60)}${']'.repeat(60)}}`)).toEqual([]);
  });

  it('keeps a key named __proto__ an ordinary key', () => {
    const parsed = value('{"__proto__": {"polluted": true}}') as object;
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect((parsed as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('escapes slashes and tildes in pointers (RFC 6901 §3)', () => {
    expect(issues('{"a/b~c": {"x":1,"x":2}}')).toMatchObject([{ source: 'ocelot.json#/a~1b~0c/x' }]);
  });
});
