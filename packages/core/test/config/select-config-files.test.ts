import { describe, expect, it } from 'vitest';

import { selectConfigFiles } from '../../src/index.js';

describe('selectConfigFiles', () => {
  it('takes every ocelot.{anything}.json, whatever its case, ordered by name', () => {
    const names = [
      'readme.md',
      'Ocelot.Orders.json',
      'ocelot.global.json',
      'appsettings.json',
      'ocelot.api.json',
      'my.ocelot.x.json',
    ];
    expect(selectConfigFiles(names)).toEqual(['ocelot.api.json', 'ocelot.global.json', 'Ocelot.Orders.json']);
  });

  it("leaves out the running environment's file, Development when none is named", () => {
    const names = ['ocelot.a.json', 'ocelot.Development.json', 'ocelot.production.json'];
    expect(selectConfigFiles(names)).toEqual(['ocelot.a.json', 'ocelot.production.json']);
    expect(selectConfigFiles(names, 'Production')).toEqual(['ocelot.a.json', 'ocelot.Development.json']);
  });

  it('takes the primary ocelot.json only when there is no other part: else it is the result of a merge', () => {
    expect(selectConfigFiles(['ocelot.json', 'ocelot.a.json'])).toEqual(['ocelot.a.json']);
    expect(selectConfigFiles(['ocelot.json', 'ocelot.Development.json'])).toEqual(['ocelot.json']);
    expect(selectConfigFiles(['ocelot.json'])).toEqual(['ocelot.json']);
  });

  it('finds nothing in a folder without configuration', () => {
    expect(selectConfigFiles(['package.json'])).toEqual([]);
  });
});
