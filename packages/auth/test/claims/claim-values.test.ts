import { describe, expect, it } from 'vitest';

import { claimValues } from '../../src/claims/claim-values.js';

const ROLE = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';

describe('claimValues', () => {
  it('compares types with case', () => {
    expect(claimValues({ claims: { role: ['a'] } }, 'role')).toEqual(['a']);
    expect(claimValues({ claims: { role: ['a'] } }, 'Role')).toEqual([]);
  });

  it('knows the long names that ASP.NET gives to claims of a token', () => {
    expect(claimValues({ claims: { role: ['a', 'b'] } }, ROLE)).toEqual(['a', 'b']);
    expect(claimValues({ claims: { roles: ['c'] } }, ROLE)).toEqual(['c']);
  });

  it('prefers a claim that has the long name itself', () => {
    expect(claimValues({ claims: { role: ['a'], [ROLE]: ['own'] } }, ROLE)).toEqual(['own']);
  });

  it('finds nothing in what every object inherits', () => {
    expect(claimValues({ claims: {} }, 'constructor')).toEqual([]);
    expect(claimValues({ claims: {} }, '__proto__')).toEqual([]);
  });
});
