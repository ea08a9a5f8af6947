import { describe, expect, it } from 'vitest';

import { hasDuplicateMember } from '../../src/credentials/duplicate-member.js';

describe('hasDuplicateMember (RFC 8259 §4)', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"payload":{"token":"x","token":"y"}}',
    String.raw`{"token":1,"to\u006ben":2}`,
    '{"a":{"b":1},"c":[{"d":1,"d":1}]}',
    '{"a":1,"b":{"a":1},"a":2}',
  ])('finds the second member in %s', (json) => {
    expect(() => void JSON.parse(json)).not.toThrow();
    expect(hasDuplicateMember(json)).toBe(true);
  });

  it.each([
    '1',
    '"a:a"',
    '{}',
    '[{"a":1},{"a":2}]',
    '{"a":{"a":{"a":1}},"b":{"a":1}}',
    String.raw`{"a":"\"a\":1,\"a\":2","b":"{","c":"}"}`,
    '{"a":"b","b":"a"}',
  ])('finds none in %s', (json) => {
    expect(hasDuplicateMember(json)).toBe(false);
  });

  it('stands long strings and deep nesting', () => {
    const long = `{"a":"${'x'.repeat(1_000_000)}${String.raw`\n`.repeat(1_000_000)}","b":1}`;
    expect(hasDuplicateMember(long)).toBe(false);
    expect(hasDuplicateMember(`${'['.repeat(5000)}${']'.repeat(5000)}`)).toBe(false);
  });
});
