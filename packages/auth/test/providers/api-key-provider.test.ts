import { createHash } from 'node:crypto';

import type { JsonObject } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { throughGateway } from '../admitted-exchange.js';
import { issuesOf, ProviderStand, reasonOf, START_MS, verifyToken } from '../provider-stand.js';

const KEY = 'billing-key-0123456789';
const Sha256 = createHash('sha256').update(KEY).digest('hex');

let stand: ProviderStand;
beforeEach(() => {
  stand = new ProviderStand();
});
afterEach(() => stand.close());

describe('an API key', () => {
  it.each([
    ['its SHA-256', () => ({ Sha256: Sha256.toUpperCase() })],
    ['a file', async () => ({ KeyFile: await stand.file('key', `${KEY}\n`) })],
    ['itself', () => ({ Key: KEY })],
  ])('is known by %s', async (_, entry) => {
    const Keys = [{ Name: 'billing', ...(await entry()), Claims: { scope: 'read', tier: 'gold' } }] as JsonObject[];
    const provider = await stand.provider({ Type: 'ApiKey', Keys });
    const identity = await verifyToken(provider, KEY);
    expect(identity).toMatchObject({ subject: 'billing', tokenId: undefined, expiresAtMs: undefined });
    expect(identity.claims).toEqual({ sub: ['billing'], scope: ['read'], tier: ['gold'] });
    expect(await reasonOf(() => verifyToken(provider, `${KEY}0`))).toBe('unknown-key');
    expect(await reasonOf(() => verifyToken(provider, Sha256))).toBe('unknown-key');
    expect(JSON.stringify(stand.lines)).not.toContain(KEY);
  });

  it('ends at Expires, and says when to whoever watches the socket', async () => {
    const Expires = new Date(START_MS + 1000).toISOString();
    const provider = await stand.provider({ Type: 'ApiKey', Keys: [{ Name: 'a', Sha256, Expires }] });
    expect((await verifyToken(provider, KEY)).expiresAtMs).toBe(START_MS + 1000);
    stand.clock.advance(1000);
    expect(await reasonOf(() => verifyToken(provider, KEY))).toBe('expired');
  });

  it('is looked for in X-Api-Key, or where In says', async () => {
    const Keys = [{ Name: 'a', Sha256 }];
    const usual = await stand.provider({ Type: 'ApiKey', Keys });
    const outcome = await throughGateway(usual, { headers: ['x-api-key', KEY] });
    expect(outcome.found).toEqual({ kind: 'api-key', token: KEY, place: 'header:X-Api-Key' });
    expect(usual.challenge()).toBe('ApiKey realm="main", in="header:X-Api-Key"');
    const query = await stand.provider({ Type: 'ApiKey', Keys, In: ['query:key'] });
    expect(await throughGateway(query, { target: '/?key=a%20b' })).toMatchObject({
      found: { token: 'a b' },
      target: '/',
    });
  });

  it('that is too long is refused before it is hashed', async () => {
    const provider = await stand.provider({ Type: 'ApiKey', Keys: [{ Name: 'a', Sha256 }] });
    expect(await reasonOf(() => verifyToken(provider, 'x'.repeat(1025)))).toBe('too-large');
  });
});

it.each([
  [[], 'P/Keys: Keys is missing'],
  [[{ Name: 'a' }], 'P/Keys/0/Sha256: Sha256 or a key must be given'],
  [[{ Name: 'a', Sha256, Key: KEY }], 'P/Keys/0/Sha256: Sha256 or a key must be given, and only one'],
  [[{ Name: 'a', Sha256: 'abc' }], 'P/Keys/0/Sha256: Sha256 must be 64 hexadecimal digits'],
  [[{ Sha256 }], 'P/Keys/0/Name: Name is missing'],
  [[{ Name: 'a', Key: 'short-key' }], 'P/Keys/0/Key: Key must have 16 characters at least'],
  [[{ Name: 'a', Sha256, Expires: 'soon' }], 'P/Keys/0/Expires: Expires must be a date'],
  [
    [
      { Name: 'a', Sha256 },
      { Name: 'b', Key: KEY },
    ],
    'P/Keys/1/Name: Name has the same key',
  ],
  ['x', 'P/Keys: Keys must be a list'],
])('refuses the keys %j', async (Keys, issue) => {
  const [found] = await issuesOf(() => stand.provider({ Type: 'ApiKey', Keys }));
  expect(found).toContain(issue);
  expect(found).not.toContain('short-key');
});
