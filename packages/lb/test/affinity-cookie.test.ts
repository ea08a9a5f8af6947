import type { JsonObject } from '@ocelot/core';
import { balancingConformance } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { affinityCookie } from '../src/index.js';
import { balancingContext } from './balancing-context.js';
import { at, SimulatedPool, type SimulatedRequest } from './simulated-pool.js';

const SECRET = 'correct horse battery staple';
const THREE = [at('a:1'), at('b:1'), at('c:1')];

function stand(options: JsonObject = {}, context = balancingContext()): SimulatedPool {
  const pool = new SimulatedPool(affinityCookie()(options, context));
  pool.update(THREE);
  return pool;
}

/** What an endpoint's answer sets, `Set-Cookie` lines only. */
function marksOf(pool: SimulatedPool, address: string, request: SimulatedRequest = {}): readonly string[] {
  return pool.answer(address, request).filter((_, index) => index % 2 === 1);
}

/** The cookie that a new client has after it met an endpoint. */
function cookieOf(pool: SimulatedPool, address: string): string {
  return marksOf(pool, address)[0]?.split(';')[0] ?? '';
}

describe('AffinityCookie', () => {
  const create = affinityCookie();
  it.each(balancingConformance({ create }).map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });

  it('sends a client back to the endpoint whose answer it got', () => {
    const pool = stand();
    expect(pool.leaseHosts(2)).toBe('a b');
    expect(pool.leaseHosts(3, { cookie: `x=1; ${cookieOf(pool, 'b:1')}; y=2` })).toBe('b b b');
    expect(pool.leaseHosts(1)).toBe('c');
  });

  it('marks with HttpOnly and SameSite=Lax for the whole site, until the browser is closed', () => {
    const [mark] = marksOf(stand(), 'a:1');
    expect(mark).toMatch(/^ocelot-affinity=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('adds Secure when the client came by TLS', () => {
    expect(marksOf(stand(), 'a:1', { tls: true })[0]).toMatch(/; Secure$/);
    expect(marksOf(stand({ Secure: false }), 'a:1', { tls: true })[0]).not.toContain('Secure');
    expect(marksOf(stand({ Secure: 'True' }), 'a:1')[0]).toMatch(/; Secure$/);
  });

  it('writes the attributes that the options say', () => {
    const options = {
      Key: 'stick',
      Path: '/hub',
      Domain: 'example.com',
      SameSite: 'none',
      Secure: true,
      Expiry: 90_500,
    };
    expect(marksOf(stand(options), 'a:1')[0]).toMatch(
      /^stick=[0-9a-f]{32}; Path=\/hub; Domain=example\.com; Max-Age=91; HttpOnly; SameSite=None; Secure$/,
    );
  });

  it('sets nothing for a client that carries the right value already', () => {
    const pool = stand();
    expect(marksOf(pool, 'a:1', { cookie: cookieOf(pool, 'a:1') })).toEqual([]);
    expect(marksOf(pool, 'b:1', { cookie: cookieOf(pool, 'a:1') })).toEqual([
      expect.stringContaining(cookieOf(pool, 'b:1')),
    ]);
  });

  it('renews a cookie that expires with each answer, so that Expiry counts from the last use', () => {
    const pool = stand({ Expiry: 60_000 });
    expect(marksOf(pool, 'a:1', { cookie: cookieOf(pool, 'a:1') })).toEqual([expect.stringContaining('Max-Age=60')]);
  });

  it('keeps the backend’s own cookies', () => {
    const headers = ['Set-Cookie', 'sid=1', 'X-A', '2'];
    expect(stand().answer('a:1', {}, headers).slice(0, 4)).toEqual(headers);
  });

  it('balances anew, and marks again, when the endpoint left or the value was made up', () => {
    const pool = stand();
    const cookie = cookieOf(pool, 'a:1');
    pool.update([at('b:1'), at('c:1')]);
    expect(pool.lease({ cookie })).toBe('b:1');
    expect(marksOf(pool, 'b:1', { cookie })).toHaveLength(1);
    expect(pool.lease({ cookie: 'ocelot-affinity=a:1' })).toBe('c:1');
    expect(pool.lease({ cookie: `ocelot-affinity=${'0'.repeat(32)}` })).toBe('b:1');
  });

  it('moves a client whose endpoint failed for this request', () => {
    const pool = stand();
    const cookie = cookieOf(pool, 'b:1');
    expect(pool.lease({ cookie, tried: ['b:1'] })).toBe('a:1');
    expect(pool.lease({ cookie })).toBe('b:1');
  });

  it('takes the first value that is an endpoint’s, of several that a client has (RFC 6265 §5.4)', () => {
    const pool = stand();
    const cookie = `ocelot-affinity=stale; ${cookieOf(pool, 'c:1')}; ${cookieOf(pool, 'a:1')}`;
    expect(pool.leaseHosts(2, { cookie })).toBe('c c');
    expect(marksOf(pool, 'c:1', { cookie })).toEqual([]);
  });

  it('keeps clients on an endpoint whose weight fell to 0, and gives it no new ones', () => {
    const pool = stand();
    const cookie = cookieOf(pool, 'a:1');
    pool.update([at('a:1', { weight: 0 }), at('b:1'), at('c:1')]);
    expect(pool.lease({ cookie })).toBe('a:1');
    expect(pool.leaseHosts(4)).toBe('b c b c');
  });

  it('chooses for new clients by Policy', () => {
    const pool = stand({ Policy: 'leastconnection' });
    expect(pool.leaseHosts(3)).toBe('a b c');
    pool.release('b:1');
    expect(pool.lease()).toBe('b:1');
  });

  it('knows the cookies of another gateway, or of the last start, that has the same Secret', () => {
    const [one, two] = [stand({ Secret: SECRET }), stand({ Secret: SECRET })];
    for (const address of ['a:1', 'b:1', 'c:1']) expect(two.lease({ cookie: cookieOf(one, address) })).toBe(address);
    expect(stand({ Secret: `${SECRET}!` }).leaseHosts(2, { cookie: cookieOf(one, 'c:1') })).toBe('a b');
  });

  it('signs with a key of the gateway, alike in all its pools, where there is no Secret', () => {
    const [gateway, other] = [affinityCookie(), affinityCookie()];
    const open = (create: typeof gateway): SimulatedPool => {
      const pool = new SimulatedPool(create({}, balancingContext()));
      pool.update(THREE);
      return pool;
    };
    const cookie = cookieOf(open(gateway), 'c:1');
    expect(open(gateway).leaseHosts(2, { cookie })).toBe('c c');
    expect(open(other).leaseHosts(2, { cookie })).toBe('a b');
  });

  it('names the cookie after the backends, so that routes to others do not overwrite it', () => {
    const of = (service: string, options = {}): string =>
      cookieOf(stand({ Secret: SECRET, ...options }, balancingContext(undefined, service)), 'a:1').split('=')[0] ?? '';
    expect(of('/chat')).toMatch(/^ocelot-affinity-[0-9a-f]{8}$/);
    expect(of('/chat')).toBe(of('/chat'));
    expect(of('/chat')).not.toBe(of('/orders'));
    expect(of('/chat', { Key: 'mine' })).toBe('mine');
  });
});

describe('AffinityCookie in a group of gateways', () => {
  it('signs with what the members have in common', () => {
    const member = (index: number): SimulatedPool => stand({}, balancingContext({ index, size: 2, secret: SECRET }));
    const cookie = cookieOf(member(0), 'c:1');
    expect(member(1).leaseHosts(2, { cookie })).toBe('c c');
  });

  it('refuses to start where each member would sign with a key of its own', () => {
    expect(() => stand({}, balancingContext({ index: 0, size: 2 }))).toThrow('Secret is needed where several gateways');
    expect(() => stand({ Secret: SECRET }, balancingContext({ index: 0, size: 2 }))).not.toThrow();
    expect(() => stand({}, balancingContext({ index: 0, size: 1 }))).not.toThrow();
  });
});
