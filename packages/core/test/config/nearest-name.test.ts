import { describe, expect, it } from 'vitest';

import { nearestName } from '../../src/config/nearest-name.js';

describe('nearestName', () => {
  it.each([
    ['Rutes', 'Routes'],
    ['Routess', 'Routes'],
    ['Ruotes', 'Routes'],
    ['ROUTES', 'Routes'],
    ['Aggregate', 'Aggregates'],
  ])('finds what %s was meant to be', (name, meant) => {
    expect(nearestName(name, ['Aggregates', 'Routes', 'DynamicRoutes'])).toBe(meant);
  });

  it('counts two swapped neighbours as one slip', () => {
    expect(nearestName('Prot', ['Port'], 1)).toBe('Port');
  });

  it('prefers the fewest slips, and the first of equals', () => {
    expect(nearestName('Kez', ['Kex', 'Key', 'Kez1'], 1)).toBe('Kex');
    expect(nearestName('Host', ['Hosts', 'Host'], 2)).toBe('Host');
  });

  it('finds nothing beyond the limit', () => {
    expect(nearestName('Swagger', ['Routes'])).toBeUndefined();
    expect(nearestName('Tags', ['Type'], 2)).toBeUndefined();
  });
});
