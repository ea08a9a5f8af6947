import { afterEach, describe, expect, it } from 'vitest';

import type { ProviderFactory } from '../../src/providers/provider.js';
import { issuesOf, ProviderStand } from '../provider-stand.js';

const stand = new ProviderStand();
afterEach(() => stand.close());

const own: ProviderFactory = (name, options) => ({
  name,
  find: () => undefined,
  challenge: () => `Own ${JSON.stringify(options['Colour'])}`,
  verify: () => {
    throw new Error('nothing to verify');
  },
});

describe('createProvider', () => {
  it('makes a type of the user’s own, compared without case, with its own keys', async () => {
    const provider = await stand.provider({ Type: 'MYTYPE', Colour: 'red' }, { MyType: own });
    expect(provider.challenge()).toBe('Own "red"');
    expect(stand.lines).toEqual([]);
  });

  it.each([
    [{}, {}, 'P/Type: Type is missing.'],
    [{ Type: 'Saml' }, { MyType: own }, 'P/Type: Type "Saml" is not known.'],
    [{ Type: 'jwt' }, { JWT: own }, 'P/Type: Type "jwt" is built in; a type of your own needs another name.'],
  ])('refuses %j', async (options, custom, issue) => {
    expect(await issuesOf(() => stand.provider(options, custom))).toEqual([`ocelot.json#/${issue}`]);
  });
});
