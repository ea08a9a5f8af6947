import type { Identity } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { RevocationList, type RevocationRule } from '../../src/stream/revocation-list.js';

const NOW_MS = 1_800_000_000_000;

function stand(maxEntries = 3) {
  let nowMs = NOW_MS;
  const list = new RevocationList(maxEntries, () => nowMs);
  return { list, advance: (ms: number) => void (nowMs += ms) };
}

const identity = (fields: Partial<Identity> = {}): Identity => ({
  provider: 'Main',
  subject: 'alice',
  tokenId: 't-1',
  claims: { sub: ['alice'], role: ['user', 'editor'], iat: [String(NOW_MS / 1000 - 10)] },
  expiresAtMs: undefined,
  ...fields,
});

describe('RevocationList', () => {
  it.each<readonly [string, RevocationRule, boolean]>([
    ['its subject', { subject: 'alice' }, true],
    ['another subject', { subject: 'Alice' }, false],
    ['its token', { tokenId: 't-1' }, true],
    ['another token', { tokenId: 't-2' }, false],
    ['a subject that is called as its token', { subject: 't-1' }, false],
    ['one value of a claim', { claim: 'role', value: 'editor' }, true],
    ['another value', { claim: 'role', value: 'admin' }, false],
    ['another claim of that value', { claim: 'group', value: 'editor' }, false],
    ['tokens issued before it', { subject: 'alice', issuedBeforeMs: NOW_MS - 20_000 }, false],
    ['tokens issued after it too', { subject: 'alice', issuedBeforeMs: NOW_MS }, true],
  ])('finds an identity by %s', (_, rule, expected) => {
    const { list } = stand();
    list.add(rule);
    expect(list.find(identity()) !== undefined).toBe(expected);
  });

  it('takes a token that does not say when it was issued for an old one', () => {
    const { list } = stand();
    list.add({ subject: 'alice', issuedBeforeMs: NOW_MS });
    expect(list.find(identity({ claims: {} }))).toBeDefined();
  });

  it('forgets a revocation when it lapses: after a day, or as it says', () => {
    const { list, advance } = stand();
    list.add({ subject: 'alice' });
    list.add({ tokenId: 't-1', untilMs: NOW_MS + 1000 });
    advance(1000);
    expect(list.entries.map(({ tokenId }) => tokenId)).toEqual([undefined]);
    advance(86_400_000 - 1001);
    expect(list.find(identity())).toBeDefined();
    advance(1);
    expect(list.find(identity())).toBeUndefined();
    expect(list.entries).toEqual([]);
  });

  it('gives the same id to the same thing, and replaces what was said of it', () => {
    const { list } = stand();
    const first = list.add({ claim: 'role', value: 'editor', untilMs: NOW_MS + 1 });
    const second = list.add({ claim: 'role', value: 'editor', untilMs: NOW_MS + 5 });
    expect(second.id).toBe(first.id);
    expect(list.entries).toEqual([second]);
    expect(stand().list.add({ claim: 'role', value: 'editor' }).id).toBe(first.id);
  });

  it('is taken back by id', () => {
    const { list } = stand();
    const { id } = list.add({ claim: 'role', value: 'editor' });
    expect(list.delete(id)).toBe(true);
    expect(list.delete(id)).toBe(false);
    expect(list.find(identity())).toBeUndefined();
  });

  it('is bounded: what lapsed makes room, what is in force does not', () => {
    const { list, advance } = stand(2);
    list.add({ subject: 'a', untilMs: NOW_MS + 10 });
    list.add({ subject: 'b' });
    expect(() => list.add({ subject: 'c' })).toThrow(RangeError);
    list.add({ subject: 'b', untilMs: NOW_MS + 99 });
    advance(10);
    list.add({ subject: 'c' });
    expect(list.entries.map(({ subject }) => subject)).toEqual(['b', 'c']);
  });

  it.each<RevocationRule>([
    {},
    { subject: '' },
    { subject: 'a', tokenId: 'b' },
    { claim: 'role' },
    { value: 'editor' },
    { subject: 'x'.repeat(1025) },
  ])('refuses %j: a rule names exactly one thing', (rule) => {
    expect(() => stand().list.add(rule)).toThrow(TypeError);
  });

  it('looks at identities of any size', () => {
    const { list } = stand();
    list.add({ subject: 'alice' });
    expect(list.find(identity({ subject: 'x'.repeat(5000), tokenId: '' }))).toBeUndefined();
  });
});
