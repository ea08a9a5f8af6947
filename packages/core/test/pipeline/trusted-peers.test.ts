import { describe, expect, it } from 'vitest';

import { compileTrustedPeers } from '../../src/pipeline/trusted-peers.js';

describe('compileTrustedPeers', () => {
  it('trusts the addresses that are listed', () => {
    const isTrusted = compileTrustedPeers(['10.0.0.0/8', '2001:db8::/32']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1'].map(isTrusted)).toEqual([true, true, true]);
    expect(['11.0.0.1', '2001:db9::1', 'nobody'].map(isTrusted)).toEqual([false, false, false]);
  });

  it.each([[[]], [['10.0.0.0/8']], [['0.0.0.0/0', '::/0']]])(
    'trusts no peer of a Unix-domain socket by %j',
    (entries) => {
      expect(compileTrustedPeers(entries)('')).toBe(false);
    },
  );

  it.each(['unix:', 'Unix:', ' unix: '])('trusts peers of a Unix-domain socket by %j, and nobody else', (entry) => {
    const isTrusted = compileTrustedPeers([entry]);
    expect(isTrusted('')).toBe(true);
    expect(isTrusted('127.0.0.1')).toBe(false);
  });

  it('refuses an entry that is neither', () => {
    expect(() => compileTrustedPeers(['unix:/run/nginx.sock'])).toThrow('unix:/run/nginx.sock');
  });
});
