import type { BalancingContext, JsonObject } from '@ocelot/core';
import { balancingConformance, FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { cookieStickySessions } from '../src/index.js';
import { balancingContext } from './balancing-context.js';
import { at, SimulatedPool } from './simulated-pool.js';

function stand(options: JsonObject = { Key: 'sid', Expiry: 1_000 }) {
  const context = balancingContext();
  const pool = new SimulatedPool(cookieStickySessions()(options, context));
  pool.update([at('a:1'), at('b:1'), at('c:1')]);
  return { pool, clock: context.clock };
}

describe('CookieStickySessions', () => {
  it.each(
    balancingConformance({ create: cookieStickySessions(), options: { Key: 'session' } }).map(
      ({ name, run }) => [name, run] as const,
    ),
  )('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });

  it('sends every request of a session to the same endpoint', () => {
    const { pool } = stand();
    expect(pool.leaseHosts(3, { cookie: 'sid=one' })).toBe('a a a');
    expect(pool.leaseHosts(2, { cookie: 'x=y; sid=two' })).toBe('b b');
    expect(pool.leaseHosts(1, { cookie: 'sid=one' })).toBe('a');
  });

  it('balances requests without the cookie, instead of pinning them all to one endpoint as Ocelot does', () => {
    const { pool } = stand();
    expect(pool.leaseHosts(4)).toBe('a b c a');
    expect(pool.leaseHosts(2, { cookie: 'sid=' })).toBe('b c');
    expect(pool.leaseHosts(1, { cookie: 'other=1' })).toBe('a');
  });

  it('prolongs a session with each use', () => {
    const { pool, clock } = stand();
    pool.lease({ cookie: 'sid=one' });
    for (let use = 0; use < 5; use += 1) {
      clock.advance(900);
      expect(pool.lease({ cookie: 'sid=one' })).toBe('a:1');
    }
  });

  it('chooses anew once the session has expired', () => {
    const { pool, clock } = stand();
    expect(pool.lease({ cookie: 'sid=one' })).toBe('a:1');
    clock.advance(1_000);
    expect(pool.lease({ cookie: 'sid=one' })).toBe('b:1');
  });

  it('chooses anew when the remembered endpoint has left, and remembers that', () => {
    const { pool } = stand();
    expect(pool.lease({ cookie: 'sid=one' })).toBe('a:1');
    pool.update([at('b:1'), at('c:1')]);
    expect(pool.lease({ cookie: 'sid=one' })).toBe('b:1');
    pool.update([at('a:1'), at('b:1'), at('c:1')]);
    expect(pool.lease({ cookie: 'sid=one' })).toBe('b:1');
  });

  it('moves the session when its endpoint failed for this request', () => {
    const { pool } = stand();
    expect(pool.lease({ cookie: 'sid=one' })).toBe('a:1');
    const moved = pool.lease({ cookie: 'sid=one', tried: ['a:1'] });
    expect(moved).toBe('b:1');
    expect(pool.lease({ cookie: 'sid=one' })).toBe(moved);
  });

  it('keeps sessions on an endpoint whose weight fell to 0, and gives it no new ones', () => {
    const { pool } = stand();
    expect(pool.lease({ cookie: 'sid=one' })).toBe('a:1');
    pool.update([at('a:1', { weight: 0 }), at('b:1'), at('c:1')]);
    expect(pool.lease({ cookie: 'sid=one' })).toBe('a:1');
    expect(pool.leaseHosts(4)).toBe('b c b c');
  });

  it('sends a session back to the endpoint that gave it its cookie, not anywhere as Ocelot does', () => {
    const { pool } = stand();
    expect(pool.lease()).toBe('a:1');
    pool.answer('a:1', {}, ['Set-Cookie', 'theme=dark', 'Set-Cookie', 'sid=one; Path=/; HttpOnly']);
    expect(pool.leaseHosts(3, { cookie: 'sid=one' })).toBe('a a a');
    expect(pool.leaseHosts(2)).toBe('b c');
  });

  it('follows a session that its backend renames, and remembers the new name from that answer on', () => {
    const { pool, clock } = stand();
    expect(pool.leaseHosts(2, { cookie: 'sid=guest' })).toBe('a a');
    clock.advance(900);
    pool.answer('a:1', { cookie: 'sid=guest' }, ['set-cookie', 'SID=member; Secure']);
    clock.advance(900);
    expect(pool.lease({ cookie: 'sid=member' })).toBe('a:1');
  });

  it('leaves answers as they are: the cookie is the backend’s', () => {
    const headers = ['Set-Cookie', 'sid=one', 'X-A', '1'];
    expect(stand().pool.answer('a:1', {}, headers)).toEqual(headers);
  });

  it.each([
    ['another cookie', ['Set-Cookie', 'other=one']],
    ['a deleted one', ['Set-Cookie', 'sid=; Max-Age=0']],
    ['none at all', ['Cookie', 'sid=one']],
  ])('remembers nothing of an answer that sets %s', (_, headers) => {
    const { pool } = stand();
    pool.lease();
    pool.answer('a:1', {}, headers);
    expect(pool.lease({ cookie: 'sid=one' })).toBe('b:1');
  });

  it('knows the sessions of other routes to the same service, and leaves them to those when one route goes', () => {
    const create = cookieStickySessions();
    const open = (service: string) => {
      const policy = create({ Key: 'sid' }, balancingContext(undefined, service));
      const pool = new SimulatedPool(policy);
      pool.update(['a', 'b', 'c'].map((host) => at(`${host}:1`)));
      return { pool, policy };
    };
    const [negotiate, upgrade, other] = [open('/hub'), open('/hub'), open('/shop')];
    negotiate.pool.answer('c:1', {}, ['Set-Cookie', 'sid=one']);
    expect(upgrade.pool.lease({ cookie: 'sid=one' })).toBe('c:1');
    expect(other.pool.lease({ cookie: 'sid=one' })).toBe('a:1');
    negotiate.policy.close?.();
    expect(upgrade.pool.lease({ cookie: 'sid=one' })).toBe('c:1');
  });

  it('keeps its sessions apart from those of another service with the same cookie name', () => {
    const [one, two] = [stand().pool, stand().pool];
    two.update([at('x:1')]);
    expect(one.lease({ cookie: 'sid=one' })).toBe('a:1');
    expect(two.lease({ cookie: 'sid=one' })).toBe('x:1');
  });

  it.each([
    ['no Key', {}],
    ['an empty Key', { Key: '' }],
    ['a null Key', { Key: null }],
  ])('reads .AspNetCore.Session with %s', (_, options) => {
    const { pool } = stand(options);
    pool.lease();
    expect(pool.leaseHosts(2, { cookie: '.AspNetCore.Session=s' })).toBe('b b');
    expect(pool.leaseHosts(1)).toBe('c');
    expect(pool.leaseHosts(1, { cookie: '.AspNetCore.Session=s' })).toBe('b');
  });

  it.each([{}, { Expiry: 0 }, { Expiry: -1 }, { Expiry: null }, { Expiry: '1200000' }])(
    'expires after 20 minutes with %j',
    (options) => {
      const { pool, clock } = stand({ Key: 'sid', ...options });
      pool.lease({ cookie: 'sid=one' });
      clock.advance(1_199_999);
      expect(pool.lease({ cookie: 'sid=one' })).toBe('a:1');
      clock.advance(1_200_000);
      expect(pool.lease({ cookie: 'sid=one' })).toBe('b:1');
    },
  );

  it.each([
    [{ Key: 'two words' }, 'Key must be the name of a cookie; "two words" cannot be one (RFC 6265 §4.1.1).'],
    [{ Key: 'a=b' }, 'Key must be the name of a cookie; "a=b" cannot be one (RFC 6265 §4.1.1).'],
    [{ Key: 7 }, 'Key must be the name of a cookie, not 7.'],
    [{ Expiry: 'soon' }, 'Expiry must be a number of milliseconds, not "soon".'],
    [{ Expiry: {} }, 'Expiry must be a number of milliseconds, not {}.'],
  ])('refuses %j and says why', (options, message) => {
    expect(() => stand(options)).toThrow(message);
  });
});

describe('CookieStickySessions in a group of gateways', () => {
  const member = (index: number): SimulatedPool => {
    const pool = new SimulatedPool(
      cookieStickySessions()({ Key: 'sid', Expiry: 1_000 }, balancingContext({ index, size: 3 })),
    );
    pool.update([at('a:1'), at('b:1'), at('c:1')]);
    return pool;
  };

  it('chooses the same endpoint for a session in each member, though none knows what the others know', () => {
    const members = [0, 1, 2].map(member);
    for (const cookie of ['sid=one', 'sid=two', 'sid=three', 'sid=four']) {
      expect(new Set(members.map((pool) => pool.lease({ cookie })))).toHaveProperty('size', 1);
    }
  });

  it('chooses the same next endpoint in each member when the first one fails', () => {
    const [one, two] = [member(0), member(1)];
    const failed = one.lease({ cookie: 'sid=one' }) ?? '';
    expect(two.lease({ cookie: 'sid=one', tried: [failed] })).toBe(one.lease({ cookie: 'sid=one', tried: [failed] }));
  });

  it('keeps the endpoint of a session that it knows when others join', () => {
    const pool = member(0);
    const known = pool.lease({ cookie: 'sid=one' });
    pool.update(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((host) => at(`${host}:1`)));
    expect(pool.lease({ cookie: 'sid=one' })).toBe(known);
  });

  it('balances requests without the cookie', () => {
    expect(member(0).leaseHosts(3)).toBe('a b c');
  });

  /** Members that hear each other at once. */
  const inTouch = (clock: FakeClock) => {
    const heardBy: ((note: string) => void)[] = [];
    let told = 0;
    const pools = [0, 1].map((index) => {
      const context: BalancingContext = {
        ...balancingContext({ index, size: 2 }),
        clock,
        notes: (heard) => {
          heardBy[index] = heard;
          return {
            tell: (note) => {
              told += 1;
              heardBy[1 - index]?.(note);
            },
            close: () => void heardBy.splice(index, 1),
          };
        },
      };
      const pool = new SimulatedPool(cookieStickySessions()({ Key: 'sid', Expiry: 1_000 }, context));
      pool.update(['a', 'b', 'c', 'd', 'e'].map((host) => at(`${host}:1`)));
      return pool;
    });
    const [one, two] = pools;
    if (one === undefined || two === undefined) throw new Error('there are two members');
    return { one, two, told: () => told };
  };

  it('sends a session that another member saw begin to the endpoint that began it', () => {
    const { one, two } = inTouch(new FakeClock());
    for (const host of ['a', 'b', 'c', 'd', 'e']) {
      one.lease();
      one.answer(`${host}:1`, {}, ['Set-Cookie', `sid=from-${host}`]);
      expect(two.lease({ cookie: `sid=from-${host}` })).toBe(`${host}:1`);
    }
  });

  it('puts a session right that a request reached before the word of its beginning', () => {
    const { one, two, told } = inTouch(new FakeClock());
    const guessed = two.lease({ cookie: 'sid=early' }) ?? '';
    const began = ['a:1', 'b:1'].find((address) => address !== guessed) ?? '';
    one.answer(began, {}, ['Set-Cookie', 'sid=early']);
    expect([one.lease({ cookie: 'sid=early' }), two.lease({ cookie: 'sid=early' })]).toEqual([began, began]);
    expect(told()).toBe(1);
  });

  it('keeps a session alive in every member while one of them uses it, and tells them seldom', () => {
    const clock = new FakeClock();
    const { one, two, told } = inTouch(clock);
    one.answer('e:1', {}, ['Set-Cookie', 'sid=s']);
    for (let use = 0; use < 40; use += 1) {
      clock.advance(100);
      one.lease({ cookie: 'sid=s' });
    }
    expect(told()).toBeLessThanOrEqual(17);
    expect(two.lease({ cookie: 'sid=s' })).toBe('e:1');
  });
});
