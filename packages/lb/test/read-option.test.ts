import { describe, expect, it } from 'vitest';

import { readChoice, readFlag, readNumber, readText } from '../src/read-option.js';

describe('options of a policy', () => {
  it.each([undefined, null, ''])('stand for their default when they are %j', (value) => {
    expect(readNumber('N', 'a number', value, 7)).toBe(7);
    expect(readFlag('F', value)).toBeUndefined();
    expect(readChoice('C', value, ['One', 'Two'])).toBe('One');
    expect(readText('T', 'a text', value)).toBe('');
  });

  it('may be written as text, as .NET reads them', () => {
    expect(readNumber('N', 'a number', ' 1.25 ', 0)).toBe(1.25);
    expect(readFlag('F', 'False')).toBe(false);
    expect(readChoice('C', ' two ', ['One', 'Two'])).toBe('Two');
  });

  it('refuse what they cannot be, with their name', () => {
    expect(() => readNumber('N', 'a number', ' ', 0)).toThrow('N must be a number, not " ".');
    expect(() => readFlag('F', 1)).toThrow('F must be true or false, not 1.');
    expect(() => readChoice('C', 'three', ['One', 'Two'])).toThrow('C must be one of One, Two, not "three".');
    expect(() => readText('T', 'a text', [])).toThrow('T must be a text, not [].');
  });
});
