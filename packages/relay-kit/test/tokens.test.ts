import { describe, expect, it } from 'vitest';

import { hasToken, headerValues, isToken, listElements, trimBlanks } from '../src/index.js';

describe('lists of tokens (RFC 9110 §5.6)', () => {
  it.each([
    ['chat', true],
    ["!#$%&'*+-.^_`|~09az", true],
    ['', false],
    ['a b', false],
    ['a,b', false],
    ['ä', false],
    ['a\r', false],
  ])('isToken %j → %s', (text, expected) => {
    expect(isToken(text)).toBe(expected);
  });

  it('take SP and HT off, and nothing else that looks blank', () => {
    expect(trimBlanks(' \ta b\t ')).toBe('a b');
    expect(trimBlanks('\u00a0a\u2003')).toBe('\u00a0a\u2003');
    expect(trimBlanks(' \t ')).toBe('');
  });

  it('are read over several lines, without empty elements', () => {
    const raw = ['Upgrade', 'h2c,, websocket ', 'x', '1', 'UPGRADE', 'other'];
    expect(listElements(headerValues(raw, 'upgrade'))).toEqual(['h2c', 'websocket', 'other']);
    expect(listElements([])).toEqual([]);
    expect(listElements([' '])).toEqual([]);
    expect(listElements([' , '])).toEqual([]);
  });

  it('are compared without case, as wholes', () => {
    expect(hasToken(['keep-alive, WebSocket'], 'websocket')).toBe(true);
    expect(hasToken(['websockets', 'x-websocket'], 'websocket')).toBe(false);
  });
});
