import { isGatewayError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { claimsRequirement, scopeRequirement } from '../../src/claims/requirements.js';

/** What a check refuses with; undefined when it lets pass. */
function reasonOf(check: () => void): unknown {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    expect(error.status).toBe(403);
    return error.details['reason'];
  }
}

describe('scopeRequirement', () => {
  const judge = (claims: Record<string, readonly string[]>): unknown =>
    reasonOf(() => scopeRequirement(['api', 'api:read'])?.({ claims }, {}));

  it.each([
    ['a single claim, split at its blanks', { scope: ['openid api:read'] }, undefined],
    ['several claims', { scope: ['openid', 'api'] }, undefined],
    ['several claims, which are not split', { scope: ['openid api', 'profile'] }, 'ScopeNotAuthorized'],
    ['another case', { scope: ['API'] }, 'ScopeNotAuthorized'],
    ['a part of a name', { scope: ['api:read:all'] }, 'ScopeNotAuthorized'],
    ['no claim', {}, 'ScopeNotAuthorized'],
    ['scp, where there is no scope', { scp: ['api'] }, undefined],
    ['scp as one text', { scp: ['openid api'] }, undefined],
    ['scp beside a scope that does not allow it', { scope: ['openid'], scp: ['api'] }, 'ScopeNotAuthorized'],
  ])('wants one of AllowedScopes: %s', (_, claims, reason) => {
    expect(judge(claims as Record<string, readonly string[]>)).toBe(reason);
  });

  it('is none without scopes', () => {
    expect(scopeRequirement([])).toBeUndefined();
  });
});

describe('claimsRequirement', () => {
  const judge = (claims: Record<string, readonly string[]>, params: Record<string, string> = {}): unknown =>
    reasonOf(() =>
      claimsRequirement([
        ['role', 'admin'],
        ['userid', '{userId}'],
      ])?.({ claims }, params),
    );

  it.each([
    ['both', { role: ['admin'], userid: ['7'] }, { userId: '7' }, undefined],
    ['one of several values', { role: ['user', 'admin'], userid: ['6', '7'] }, { userId: '7' }, undefined],
    ['no claim of the type', { userid: ['7'] }, { userId: '7' }, 'UserDoesNotHaveClaim'],
    ['a type in another case', { Role: ['admin'], userid: ['7'] }, { userId: '7' }, 'UserDoesNotHaveClaim'],
    ['another value', { role: ['user'], userid: ['7'] }, { userId: '7' }, 'ClaimValueNotAuthorized'],
    ['a value in another case', { role: ['Admin'], userid: ['7'] }, { userId: '7' }, 'ClaimValueNotAuthorized'],
    ['the path of somebody else', { role: ['admin'], userid: ['7'] }, { userId: '8' }, 'ClaimValueNotAuthorized'],
    ['an encoded path', { role: ['admin'], userid: ['a/b ü'] }, { userId: 'a%2Fb%20%C3%BC' }, undefined],
    ['a path that is decoded once', { role: ['admin'], userid: ['7'] }, { userId: '%2537' }, 'ClaimValueNotAuthorized'],
    ['a path that is not UTF-8', { role: ['admin'], userid: ['%FF'] }, { userId: '%FF' }, 'ClaimValueNotAuthorized'],
    ['an empty path', { role: ['admin'], userid: [''] }, { userId: '' }, 'ClaimValueNotAuthorized'],
    [
      'a claim that reads like the placeholder',
      { role: ['admin'], userid: ['{userId}'] },
      {},
      'ClaimValueNotAuthorized',
    ],
  ])('wants all of RouteClaimsRequirement: %s', (_, claims, params, reason) => {
    expect(judge(claims as never, params as never)).toBe(reason);
  });

  it('takes a placeholder only where it is the whole value', () => {
    const check = claimsRequirement([['userid', 'u-{userId}']]);
    expect(reasonOf(() => check?.({ claims: { userid: ['u-{userId}'] } }, { userId: '7' }))).toBeUndefined();
  });
});
