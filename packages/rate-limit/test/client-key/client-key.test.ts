import { type Exchange, IDENTITY, type Identity, type Route } from '@ocelot/core';
import { testRequest } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { addressPrefix } from '../../src/client-key/address-prefix.js';
import { clientNaming } from '../../src/client-key/client-key.js';

const route = { location: 'ocelot.json#/Routes/0' } as Route;
const context = { clientIdHeader: 'Oc-Client', ipv6PrefixLength: 64 };

const identity: Identity = {
  provider: 'users',
  subject: 'ann',
  tokenId: undefined,
  claims: { tenant: ['a', 'b'], empty: [''] },
  expiresAtMs: undefined,
};

function exchange(
  headers: Readonly<Record<string, string>>,
  who?: Identity,
  more: { readonly query?: string; readonly clientAddress?: string } = {},
): Exchange {
  const slots = new Map<object, unknown>(who === undefined ? [] : [[IDENTITY, who]]);
  const made: object = {
    request: testRequest({ headers, query: more.query ?? '' }),
    clientAddress: more.clientAddress ?? '192.0.2.1',
    get: (slot: object) => slots.get(slot),
  };
  return made as Exchange;
}

function idOf(by: readonly string[], given: Exchange): string | undefined {
  return clientNaming({ By: by }, ['header'], context, route, 'RateLimit').nameOf(given)?.id;
}

describe('clientNaming', () => {
  it.each<[by: string, given: Exchange, id: string | undefined]>([
    ['header', exchange({ 'oc-client': 'c1' }), 'c1'],
    ['Header:X-Key', exchange({ 'x-key': 'k' }), '\0header\0x-key\0k'],
    ['ip', exchange({}), '\0ip\0\u0000192.0.2.1'],
    ['cookie:sid', exchange({ cookie: 'a=1; sid=s=2; sid=3' }), '\0cookie\0sid\0s=2'],
    ['cookie:SID', exchange({ cookie: 'sid=1' }), undefined],
    ['query:id', exchange({}, undefined, { query: '?x=1&id=a%20b' }), '\0query\0id\0a b'],
    ['query:id', exchange({}, undefined, { query: '?id=' }), undefined],
    ['subject', exchange({}, identity), '\0subject\0\0users\0ann'],
    ['subject', exchange({}), undefined],
    ['claim:tenant', exchange({}, identity), '\0claim\0tenant\0users\0a\0b'],
    ['claim:empty', exchange({}, identity), undefined],
    ['claim:none', exchange({}, identity), undefined],
    ['route', exchange({}), '\0route\0\0*'],
    ['ip', exchange({}, undefined, { clientAddress: '' }), undefined],
  ])('reads %s', (by, given, id) => {
    expect(idOf([by], given)).toBe(id);
  });

  it('takes the first of its sources that a request has', () => {
    expect(idOf(['header', 'cookie:sid', 'ip'], exchange({ cookie: 'sid=x' }))).toBe('\0cookie\0sid\0x');
    expect(idOf(['header', 'cookie:sid', 'ip'], exchange({}))).toBe('\0ip\0\u0000192.0.2.1');
  });

  it('tells a header from an address of the same text: nobody spends the quota of another', () => {
    const forged = idOf(['header', 'ip'], exchange({ 'oc-client': '192.0.2.1' }));
    expect(forged).not.toBe(idOf(['header', 'ip'], exchange({})));
  });

  it.each([
    ['cookie:a, cookie:b', exchange({ cookie: 'a=x' }), exchange({ cookie: 'b=x' })],
    ['header:x-key, header', exchange({ 'x-key': 'x' }), exchange({ 'oc-client': 'x' })],
    [
      'claim:org, claim:nickname',
      exchange({}, { ...identity, claims: { org: ['x'] } }),
      exchange({}, { ...identity, claims: { nickname: ['x'] } }),
    ],
  ])('tells the sources %s apart, also where both hold the same text', (by, one, other) => {
    expect(idOf(by.split(', '), one)).not.toBe(idOf(by.split(', '), other));
  });

  it.each<[by: string, given: Exchange, written: string]>([
    ['header', exchange({ 'oc-client': 'c1' }), 'c1'],
    ['ip', exchange({}, undefined, { clientAddress: '2001:db8::7' }), '2001:db8::7'],
    ['cookie:sid', exchange({ cookie: 'sid=x' }), 'x'],
    ['subject', exchange({}, identity), 'ann'],
    ['claim:tenant', exchange({}, identity), 'a b'],
  ])('knows a client of %s as ClientWhitelist writes it', (by, given, written) => {
    expect(clientNaming({ By: [by] }, [], context, route, 'RateLimit').nameOf(given)?.value).toBe(written);
  });

  it('takes a client without a name for its address, of IPv6 for its network: nobody is unlimited', () => {
    const naming = clientNaming({ By: ['subject'] }, [], context, route, 'RateLimit');
    const from = (clientAddress: string): string => naming.nameOrAddress(exchange({}, undefined, { clientAddress })).id;
    expect(from('2001:db8::1')).toBe(from('2001:db8::2'));
    expect(from('2001:db8::1')).not.toBe(from('2001:db8:0:1::1'));
    expect(from('192.0.2.1')).toBe(idOf(['ip'], exchange({})));
    expect(from('')).not.toBe(from('192.0.2.1'));
    expect(naming.nameOrAddress(exchange({}, identity)).kind).toBe('subject');
  });

  it('reads Ocelot’s header where nothing is written', () => {
    expect(idOf([], exchange({ 'oc-client': 'c1' }))).toBe('c1');
  });

  it('needs to know the client only for subject and claims', () => {
    const naming = (by: readonly string[]) => clientNaming({ By: by }, [], context, route, 'RateLimit');
    expect(naming(['header', 'ip', 'cookie:a', 'query:b', 'route']).needsIdentity).toBe(false);
    expect(naming(['ip', 'claim:tenant']).needsIdentity).toBe(true);
    expect(naming(['subject']).needsIdentity).toBe(true);
  });

  it.each(['', 'ipv6', 'cookie', 'cookie:', 'claim', 'ip:64', 'subject:x'])(
    'refuses "%s" and names the forms',
    (by) => {
      expect(() => idOf([by], exchange({}))).toThrow(
        /ocelot\.json#\/Routes\/0\/Gateway\/RateLimit\/By: .*claim:NAME, cookie:NAME/,
      );
    },
  );
});

describe('addressPrefix', () => {
  it.each([
    ['192.0.2.1', 64, '192.0.2.1'],
    ['::ffff:192.0.2.1', 64, '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', 64, '2001:db8:1:2::/64'],
    ['2001:db8:1:2ff:3:4:5:6', 60, '2001:db8:1:2f0::/60'],
    ['2001:db8:1:2:3:4:5:6', 128, '2001:db8:1:2:3:4:5:6/128'],
    ['2001:db8:1:2:3:4:5:6', 1, '::/1'],
    ['', 64, undefined],
    ['unix', 64, undefined],
  ])('takes %s by %i bits as %s', (address, bits, prefix) => {
    expect(addressPrefix(address, bits)).toBe(prefix);
  });
});
