import { randomBytes, scryptSync } from 'node:crypto';

import type { Identity, JsonObject } from '@ocelot/core';
import { hash as bcryptHash } from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Provider } from '../../src/providers/provider.js';
import { throughGateway } from '../admitted-exchange.js';
import { issuesOf, PATIENT, ProviderStand, reasonOf } from '../provider-stand.js';

/** As cheap as the format allows. */
function cheapHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
  return `$scrypt$ln=10,r=8,p=1$${[salt, hash].map((bytes) => bytes.toString('base64').replace(/=+$/, '')).join('$')}`;
}

let stand: ProviderStand;
beforeEach(() => {
  stand = new ProviderStand();
});
afterEach(() => stand.close());

async function provider(options: JsonObject = {}): Promise<Provider> {
  const PasswordFile = await stand.file('users', `alice:${cheapHash('wonderland')}\nzoë:${cheapHash('p:ä:ss')}\n`);
  return stand.provider({ Type: 'Basic', PasswordFile, ...options });
}

async function login(main: Provider, user: string, password: string): Promise<Identity> {
  const context = { signal: new AbortController().signal };
  return main.verify({ kind: 'basic', user, password, place: 'header' }, context);
}

function authorization(pair: string): { readonly headers: readonly string[] } {
  return { headers: ['Authorization', `Basic ${Buffer.from(pair).toString('base64')}`] };
}

describe('Basic credentials (RFC 7617)', () => {
  it('are a name and a password of the file', async () => {
    const main = await provider();
    expect(await login(main, 'alice', 'wonderland')).toEqual({
      provider: 'main',
      subject: 'alice',
      tokenId: undefined,
      claims: { sub: ['alice'] },
      expiresAtMs: undefined,
    });
    expect(await login(main, 'zoë', 'p:ä:ss')).toMatchObject({ subject: 'zoë' });
  });

  it('may be hashed with bcrypt, as htpasswd -B does', async () => {
    const hash = (await bcryptHash('wonderland', 4)).replace('$2b$', '$2y$');
    const main = await provider({ PasswordFile: await stand.file('htpasswd', `alice:${hash}\n`) });
    expect(await login(main, 'alice', 'wonderland')).toMatchObject({ subject: 'alice' });
    expect(await reasonOf(() => login(main, 'alice', 'x'))).toBe('password');
    expect(await reasonOf(() => login(main, 'nobody', 'wonderland'))).toBe('password');
    const open = reasonOf(() => login(main, 'alice', 'y'));
    main.close?.();
    expect(await open).toBe('overloaded');
  });

  it('are refused the same whether the name is unknown or the password wrong', async () => {
    const main = await provider();
    for (const [user, password] of [
      ['alice', 'Wonderland'],
      ['nobody', 'wonderland'],
      ['', ''],
      ['Alice', 'wonderland'],
    ] as const) {
      expect(await reasonOf(() => login(main, user, password))).toBe('password');
    }
  });

  it('are read as UTF-8; the password may hold colons', async () => {
    const { found } = await throughGateway(await provider(), authorization('zoe\u0308:p:ä:ss'));
    expect(found).toEqual({ kind: 'basic', user: 'zoë', password: 'p:ä:ss', place: 'header' });
  });

  it('are not there in a Bearer header', async () => {
    const { found, error } = await throughGateway(await provider(), { headers: ['Authorization', 'Bearer abc'] });
    expect([found, error]).toEqual([undefined, undefined]);
  });

  it.each([
    ['no colon', authorization('alice')],
    ['a control character (§2)', authorization('alice:a\nb')],
    ['no base64', { headers: ['Authorization', 'Basic a:b'] }],
    ['no UTF-8', { headers: ['Authorization', 'Basic /zr/'] }],
    ['nothing', { headers: ['Authorization', 'Basic'] }],
    ['too much', authorization(`a:${'x'.repeat(4096)}`)],
    ['a second line', { headers: ['Authorization', 'Basic YTpi', 'Authorization', 'Basic YTpi'] }],
  ])('with %s are an invalid request', async (_, shape) => {
    const { error } = await throughGateway(await provider(), shape);
    expect(error).toMatchObject({ name: 'AuthFailure', error: 'invalid_request' });
  });

  it('go on to the backend unless ForwardCredentials says none, for a route too', async () => {
    const main = await provider();
    expect((await throughGateway(main, authorization('a:b'))).headers).toHaveProperty('authorization');
    const route = main.forRoute?.({ ForwardCredentials: 'none' }, 'ocelot.json#/R');
    if (route === undefined) throw new Error('no source');
    const outcome = await throughGateway(route, authorization('a:b'));
    expect(outcome.found).toMatchObject({ user: 'a' });
    expect(outcome.headers).not.toHaveProperty('authorization');
    expect(main.forRoute?.({ In: ['header'] }, 'ocelot.json#/R')).toBeUndefined();
  });

  it('are asked for with realm and charset (§2.1)', async () => {
    expect((await provider({ Realm: 'staff' })).challenge()).toBe('Basic realm="staff", charset="UTF-8"');
  });
});

describe('what is remembered', () => {
  it('is a pair that matched, for CacheSeconds: then no promise is made', async () => {
    const main = await provider({ CacheSeconds: 60 });
    await login(main, 'alice', 'wonderland');
    const credentials = { kind: 'basic', user: 'alice', password: 'wonderland', place: 'header' } as const;
    expect(main.verify(credentials, PATIENT)).not.toBeInstanceOf(Promise);
    expect(await reasonOf(() => main.verify({ ...credentials, password: 'x' }, PATIENT))).toBe('password');
    stand.clock.advance(60_001);
    const late = main.verify(credentials, PATIENT);
    expect(late).toBeInstanceOf(Promise);
    await late;
  });

  it('is forgotten with the line of the file', async () => {
    const main = await provider();
    await login(main, 'alice', 'wonderland');
    await stand.file('users', `alice:${cheapHash('looking-glass')}\n`);
    await expect
      .poll(async () => {
        stand.clock.advance(1001);
        return login(main, 'alice', 'looking-glass').then(
          () => true,
          () => false,
        );
      })
      .toBe(true);
    expect(await reasonOf(() => login(main, 'alice', 'wonderland'))).toBe('password');
    expect(await reasonOf(() => login(main, 'zoë', 'p:ä:ss'))).toBe('password');
  });

  // Whoever was dismissed an hour ago is the first who asks.
  it('lets nobody in once more who was taken out of the file while nobody asked', async () => {
    const main = await provider();
    await login(main, 'alice', 'wonderland');
    await stand.file('users', `bob:${cheapHash('builder')}\n`);
    stand.clock.advance(2000);
    expect(await reasonOf(() => login(main, 'alice', 'wonderland'))).toBe('password');
    expect(await login(main, 'bob', 'builder')).toMatchObject({ subject: 'bob' });
  });

  it('is never a password', async () => {
    const main = await provider();
    await login(main, 'alice', 'wonderland');
    await reasonOf(() => login(main, 'alice', 'hunter2'));
    expect(JSON.stringify(stand.lines)).not.toMatch(/wonderland|hunter2|scrypt/);
  });
});

it('lets MaxConcurrent passwords be compared at a time, fifty times as many wait, and refuses more as uncheckable', async () => {
  const main = await provider({ MaxConcurrent: 1 });
  const all = Array.from({ length: 53 }, async (_, index) => reasonOf(() => login(main, 'alice', `wrong-${index}`)));
  const reasons = await Promise.all(all);
  expect(reasons.filter((reason) => reason === 'overloaded')).toHaveLength(2);
  expect(reasons.filter((reason) => reason === 'password')).toHaveLength(51);
});

it('refuses a file that is not there, or cannot be used', async () => {
  expect((await issuesOf(() => stand.provider({ Type: 'Basic' })))[0]).toContain(
    'P/PasswordFile: PasswordFile is missing',
  );
  expect((await issuesOf(() => provider({ PasswordFile: '/does/not/exist' })))[0]).toContain('cannot be used: ENOENT');
  const PasswordFile = await stand.file('bad', 'alice:hunter2');
  const [found] = await issuesOf(() => provider({ PasswordFile }));
  expect(found).toContain('Line 1');
  expect(found).not.toContain('hunter2');
});
