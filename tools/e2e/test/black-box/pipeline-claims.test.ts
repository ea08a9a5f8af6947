// Situation: routes that want scopes and claims, and that tell the backend about clients by their claims.
// Action: clients with and without them come every way, and forge what the gateway is to add.
// Expected: Ocelot's verdicts and reasons (403), and a backend that sees the claims and nothing of the forgery (S12, S13).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { type Lines, pipelineStand, type Reached, type Way, WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

let people: Issuer;
beforeAll(async () => {
  people = await issuer();
});
afterAll(() => people.close());

const subject = pipelineStand((port) => ({
  Routes: [
    route('/scoped', port, { AuthenticationOptions: { AllowedScopes: ['chat', 'admin'] } }),
    route('/claims/{userId}/{room}', port, { RouteClaimsRequirement: { sub: '{userId}', tenant: 'Blue' } }),
    route('/both', port, {
      AuthenticationOptions: { AllowedScopes: ['chat'] },
      RouteClaimsRequirement: { tenant: 'Blue' },
    }),
    route('/made', port, {
      AddClaimsToRequest: { UserType: 'Claims[who] > value[0] > |', UserId: 'Claims[who] > value[1] > |' },
      RouteClaimsRequirement: { UserType: 'staff' },
    }),
    route('/told', port, {
      AddHeadersToRequest: {
        'X-User': 'Claims[sub] > value',
        'X-Roles': 'Claims[role] > value',
        'X-Part': 'Claims[who] > value[1] > |',
      },
      UpstreamHeaderTransform: { 'X-User': 'of the transform' },
    }),
    route('/asked', port, { AddQueriesToRequest: { user: 'Claims[sub] > value', who: 'Claims[who] > value' } }),
    {
      ...route('/rooms/{room}', port, { ChangeDownstreamPathTemplate: { room: 'Claims[room] > value' } }),
      DownstreamPathTemplate: '/ws/{room}',
    },
    route('/nobody', port, {
      AuthenticationOptions: { AllowAnonymous: true },
      RouteClaimsRequirement: { sub: 'ada' },
    }),
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
    Gateway: {
      Authentication: {
        Providers: { People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] } },
      },
    },
  },
}));

function come(way: Way, path: string, claims: object, headers: Lines = {}): Promise<Reached> {
  return subject.reach(way, path, { Authorization: `Bearer ${people.token({ sub: 'ada', ...claims })}`, ...headers });
}

const isIn = (way: Way): number => (way.startsWith('GET') ? 200 : 101);

const LET_IN: readonly (readonly [string, string, object])[] = [
  ['one of the scopes, in a claim with blanks between them', '/scoped', { scope: 'other chat' }],
  ['one of the scopes, in a list', '/scoped', { scope: ['other', 'admin'] }],
  ['the claims that the path and the file name', '/claims/ada/lobby', { tenant: 'Blue' }],
  ['a claim of several values, one of which is right', '/claims/ada/lobby', { tenant: ['Red', 'Blue'] }],
  ['a claim for a path that is encoded', '/claims/a%64a/lobby', { tenant: 'Blue' }],
  ['both', '/both', { scope: 'chat', tenant: 'Blue' }],
  ['a claim that is made of another (AddClaimsToRequest)', '/made', { who: 'staff|7' }],
];

const KEPT_OUT: readonly (readonly [string, string, object, string])[] = [
  ['no scope at all', '/scoped', {}, 'ScopeNotAuthorized'],
  ['other scopes', '/scoped', { scope: 'chatter CHAT' }, 'ScopeNotAuthorized'],
  // Ocelot splits at blanks only where there is exactly one claim.
  ['scopes with blanks among several claims', '/scoped', { scope: ['chat admin', 'other'] }, 'ScopeNotAuthorized'],
  ['no such claim', '/claims/ada/lobby', {}, 'UserDoesNotHaveClaim'],
  ['another value', '/claims/ada/lobby', { tenant: 'blue' }, 'ClaimValueNotAuthorized'],
  ['a value of somebody else in the path', '/claims/bob/lobby', { tenant: 'Blue' }, 'ClaimValueNotAuthorized'],
  ['a path encoded twice', '/claims/a%2564a/lobby', { tenant: 'Blue' }, 'ClaimValueNotAuthorized'],
  ['the claims without the scope', '/both', { scope: 'other', tenant: 'Blue' }, 'ScopeNotAuthorized'],
  ['the scope without the claims', '/both', { scope: 'chat' }, 'UserDoesNotHaveClaim'],
  ['neither: scopes are asked first, as in Ocelot', '/both', {}, 'ScopeNotAuthorized'],
  ['a claim that is made of another one of no such part', '/made', { who: 'staff' }, 'CannotFindClaim'],
  ['a claim to make another of missing', '/made', {}, 'CannotFindClaim'],
  ['a claim for a header missing', '/told', { who: 'a|b' }, 'CannotFindClaim'],
  ['a claim for a query missing', '/asked', {}, 'CannotFindClaim'],
  ['a claim for the path missing', '/rooms/lobby', {}, 'CannotFindClaim'],
];

describe.each(WAYS)('a %s', (way) => {
  it.each(LET_IN)('with %s gets in', async (_what, path, claims) => {
    const reached = await come(way, path, claims);
    expect(reached.status, `answer: ${reached.body}`).toBe(isIn(way));
  });

  it.each(KEPT_OUT)('with %s is answered 403, with Ocelot’s reason in the log', async (_what, path, claims, reason) => {
    const reached = await come(way, path, claims);
    expect(reached.status).toBe(403);
    expect(JSON.parse(reached.body)).toMatchObject({ status: 403, code: 'OCELOT_ERR_FORBIDDEN' });
    expect(reached.body).not.toContain(reason);
    expect(await subject.line(reached.id)).toMatchObject({ status: 403, code: 'OCELOT_ERR_FORBIDDEN', reason });
    expect(subject.witness.has(reached.id)).toBe(false);
  });

  it('without an identity on a route that requires claims is answered 403', async () => {
    expect((await subject.reach(way, '/nobody')).status).toBe(403);
  });

  it('cannot forge, double or remove the headers of claims, whatever their spelling (S12)', async () => {
    const forged: readonly Lines[] = [
      { 'X-User': 'root' },
      { 'x-USER': ['root', 'admin'] },
      { X_User: 'root', 'x-roles': 'admin' },
      { Connection: way.startsWith('upgrade') ? 'Upgrade, X-User, X-Roles' : 'X-User, X-Roles' },
    ];
    for (const lines of forged) {
      if ('Connection' in lines && way.endsWith('2')) continue;
      const { id, body } = await come(way, '/told', { role: ['a', 'b'], who: '1|2|3' }, lines);
      expect(body).not.toContain('status');
      const { headers } = await subject.witness.seen(id);
      expect([headers['x-user'], headers['x-roles'], headers['x-part']]).toEqual(['ada', 'a,b', '2']);
      expect(headers).not.toHaveProperty('x_user');
    }
  });

  it('cannot forge the query of claims, and keeps the rest of its own (S13)', async () => {
    for (const query of ['?user=root&a=1', '?a=1&USER=root', '?a=1&us%65r=root', '?user&a=1&user=x']) {
      const { id } = await come(way, `/asked${query}`, { who: 'a b&user=root#ä' });
      const { url } = await subject.witness.seen(id);
      const params = new URL(url, 'http://x').searchParams;
      const users = [...params].filter(([name]) => name.toLowerCase() === 'user');
      expect(
        users.map(([, value]) => value),
        `of ${url}`,
      ).toEqual(['ada']);
      expect([params.get('a'), params.get('who')], `of ${url}`).toEqual(['1', 'a b&user=root#ä']);
    }
  });

  it('is led to the path that its claim says, as one segment', async () => {
    const { id } = await come(way, '/rooms/anything', { room: 'red room?x=1#y' });
    const { url } = await subject.witness.seen(id);
    const { pathname, search } = new URL(url, 'http://x');
    expect([pathname.split('/').map(decodeURIComponent), search]).toEqual([['', 'ws', 'red room?x=1#y'], '']);
  });

  it.each(['..', '.', '%2e%2e', 'a/../b', 'a\\b', ''])('is not led out of the path by the claim %j', async (room) => {
    const { id, status } = await come(way, '/rooms/anything', { room });
    if (status === 403) expect(subject.witness.has(id)).toBe(false);
    else {
      const { url } = await subject.witness.seen(id);
      expect(url).toMatch(/^\/ws\/[^/\\]+$/);
      expect(new URL(url, 'http://x').pathname).toMatch(/^\/ws\/[^/]+$/);
    }
  });
});
