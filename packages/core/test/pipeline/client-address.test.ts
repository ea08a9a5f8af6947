import { describe, expect, it } from 'vitest';

import { resolveClientAddress } from '../../src/pipeline/client-address.js';
import { compileTrustedPeers } from '../../src/pipeline/trusted-peers.js';
import { createGatewayRequest } from '../../src/routing/gateway-request.js';

const isTrusted = compileTrustedPeers(['10.0.0.0/8', '2001:db8::/32']);
const TRUSTS_UNIX = compileTrustedPeers(['10.0.0.0/8', 'unix:']);

const resolve = (headers: readonly string[], address = '10.0.0.1', tls = false, trusted = isTrusted) =>
  resolveClientAddress(
    createGatewayRequest({
      kind: 'upgrade',
      method: 'GET',
      target: '/',
      rawHeaders: ['Host', 'gateway.test', ...headers],
      client: { address, port: 1, tls },
    }),
    trusted,
  );

describe('resolveClientAddress', () => {
  it('believes the TCP peer alone when it is not trusted', () => {
    const spoofed = ['X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'https', 'Forwarded', 'for=203.0.113.9'];
    expect(resolve(spoofed, '192.0.2.1')).toEqual({
      address: '192.0.2.1',
      proto: 'http',
      host: 'gateway.test',
      isPeerTrusted: false,
    });
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['203.0.113.9:5000', '203.0.113.9'],
    ['[2001:DB9::1]:5000', '2001:db9::1'],
    ['2001:db9::1', '2001:db9::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['203.0.113.9, unknown', '10.0.0.1'],
    ['203.0.113.9, unknown, 10.0.0.2', '10.0.0.2'],
    ['', '10.0.0.1'],
    ['3405803785', '10.0.0.1'],
  ])('finds the rightmost address that is not trusted in X-Forwarded-For: %s → %s', (chain, address) => {
    expect(resolve(['X-Forwarded-For', chain])).toMatchObject({ address, isPeerTrusted: true });
  });

  it('reads several lines as one list', () => {
    const lines = ['X-Forwarded-For', '198.51.100.1', 'x-forwarded-for', '203.0.113.9, 10.0.0.2'];
    expect(resolve(lines).address).toBe('203.0.113.9');
  });

  it.each([
    ['for=203.0.113.9;proto=https;host=example.com', '203.0.113.9', 'https', 'example.com'],
    ['For="[2001:db9::1]:4711"; Proto=wss', '2001:db9::1', 'https', 'gateway.test'],
    ['for=198.51.100.1, for=203.0.113.9;proto=https, for=10.0.0.2;proto=http', '203.0.113.9', 'https', 'gateway.test'],
    ['for="_hidden;,x", for=10.0.0.2', '10.0.0.2', 'http', 'gateway.test'],
    ['for=203.0.113.9;host="evil/\\"x"', '203.0.113.9', 'http', 'gateway.test'],
    ['proto=https', '10.0.0.1', 'http', 'gateway.test'],
  ])('reads Forwarded (RFC 7239 §4): %s', (value, address, proto, host) => {
    expect(resolve(['Forwarded', value])).toEqual({ address, proto, host, isPeerTrusted: true });
  });

  it('prefers X-Forwarded-For: a Forwarded beside it may be the client’s own', () => {
    const both = ['X-Forwarded-For', '203.0.113.9', 'Forwarded', 'for=198.51.100.1'];
    expect(resolve(both).address).toBe('203.0.113.9');
  });

  it('takes protocol and host of the hop that named the client', () => {
    const equal = ['X-Forwarded-For', '203.0.113.9, 10.0.0.2', 'X-Forwarded-Proto', 'https, http'];
    expect(resolve([...equal, 'X-Forwarded-Host', 'a.com, b.com'])).toMatchObject({ proto: 'https', host: 'a.com' });
    const unequal = [
      'X-Forwarded-For',
      '203.0.113.9',
      'X-Forwarded-Proto',
      'http, https',
      'X-Forwarded-Host',
      'x, a.com',
    ];
    expect(resolve(unequal)).toMatchObject({ proto: 'https', host: 'a.com' });
    expect(resolve(['X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'a.com'])).toMatchObject({
      address: '10.0.0.1',
      proto: 'https',
      host: 'a.com',
    });
  });

  it('does not take over a protocol or a host that cannot be one', () => {
    const odd = ['X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'javascript', 'X-Forwarded-Host', 'a b'];
    expect(resolve(odd, '10.0.0.1', true)).toMatchObject({ proto: 'https', host: 'gateway.test' });
  });

  it('shows an IPv4 peer of a dual-stack socket as IPv4', () => {
    expect(resolve([], '::ffff:192.0.2.1').address).toBe('192.0.2.1');
    expect(resolve(['X-Forwarded-For', '203.0.113.9'], '::ffff:10.0.0.1').address).toBe('203.0.113.9');
  });

  it('trusts nobody without an address, unless peers of a Unix-domain socket are listed', () => {
    const told = ['X-Forwarded-For', '198.51.100.1, 203.0.113.9, 10.0.0.2'];
    expect(resolve(told, '')).toMatchObject({ address: '', isPeerTrusted: false });
    expect(resolve(told, '', false, TRUSTS_UNIX)).toMatchObject({ address: '203.0.113.9', isPeerTrusted: true });
    expect(resolve([], '', false, TRUSTS_UNIX)).toMatchObject({ address: '', isPeerTrusted: true });
  });
});
