import { seededRandom } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { setParameter, withoutParameter } from '../../src/claims/query-parameter.js';

describe('setParameter', () => {
  it.each([
    ['', '?userid=7'],
    ['?', '?userid=7'],
    ['?a=1', '?a=1&userid=7'],
    ['?userid=8', '?userid=7'],
    ['?userid=8&a=%2f+&userid=9', '?a=%2f+&userid=7'],
    ['?%75serid=8&b', '?b&userid=7'],
    ['?USERID=8', '?userid=7'],
    ['?+userid=8', '?userid=7'],
    ['?a=1;userid=8;b=2', '?a=1;b=2&userid=7'],
    ['?a=userid&useridx=1&xuserid=2', '?a=userid&useridx=1&xuserid=2&userid=7'],
    ['?%zz=1&%=2', '?%zz=1&%=2&userid=7'],
    ['?userid', '?userid=7'],
  ])('stands in place of what the client sent under its name: %s', (query, expected) => {
    expect(setParameter(query, 'userid', '7')).toBe(expected);
  });

  it('leaves one parameter of the name, whatever the client makes of the query', () => {
    const random = seededRandom('queries');
    const pieces = [
      'user',
      'USER',
      '%75ser',
      'u',
      'x',
      '=',
      '=1',
      '&',
      '&',
      ';',
      '+',
      '%20',
      '%',
      '%3d',
      'user%00',
      '?',
    ];
    for (let round = 0; round < 2000; round += 1) {
      let query = '?';
      for (let length = random.between(0, 12); length > 0; length -= 1) query += random.pick(pieces);
      const result = setParameter(query, 'user', 'alice & co');
      for (const separators of [/&/, /[&;]/]) {
        const parsed = result
          .slice(1)
          .split(separators)
          .flatMap((piece) => [...new URLSearchParams(`&${piece}`)]);
        const mine = parsed.filter(([name]) => name.trim().toLowerCase() === 'user');
        expect(mine, `${query} became ${result}`).toEqual([['user', 'alice & co']]);
      }
    }
  });

  it('encodes its value, which Ocelot does not: a claim cannot add a parameter', () => {
    expect(setParameter('', 'name', 'a&admin=true #ü\u0000\ud800')).toBe(
      '?name=a%26admin%3Dtrue%20%23%C3%BC%00%EF%BF%BD',
    );
  });
});

describe('withoutParameter', () => {
  it('leaves the other parameters as they came', () => {
    expect(withoutParameter('?b=%C3%bc&a=1&c=+', 'a')).toBe('?b=%C3%bc&c=+');
    expect(withoutParameter('?&&b', 'a')).toBe('?&&b');
    expect(withoutParameter('?a=1', 'a')).toBe('');
  });

  it('compares names as UTF-8', () => {
    expect(withoutParameter('?%C3%BC=1&ü=2&b=3', 'ü')).toBe('?b=3');
  });
});
