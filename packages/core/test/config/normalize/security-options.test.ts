import { describe, expect, it } from 'vitest';

import suite from '../../vectors/ip-security.json' with { type: 'json' };
import { readRoute } from '../file-with.js';

// The decisions about addresses and the forms of ranges: pipeline/ip-ranges.test.ts.

interface Lists {
  readonly IPAllowedList: readonly string[];
  readonly IPBlockedList: readonly string[];
  readonly ExcludeAllowedFromBlocked: boolean;
}
interface Vector {
  readonly kind?: string;
  readonly route?: Lists;
  readonly global?: Lists;
  readonly used?: 'route' | 'global';
  readonly source: string;
}
const vectors = (suite.vectors as readonly Vector[]).filter(({ kind }) => kind === 'which-options');

describe('SecurityOptions', () => {
  it.each(vectors)('of the $used level are in force: $source', ({ route, global, used }) => {
    const expected = used === 'route' ? route : global;
    const globals = global === undefined ? {} : { SecurityOptions: global };
    expect(readRoute({ SecurityOptions: route }, globals).ipRules).toEqual({
      allowed: expected?.IPAllowedList,
      blocked: expected?.IPBlockedList,
      excludeAllowedFromBlocked: expected?.ExcludeAllowedFromBlocked,
    });
  });
});
