import { createGatewayRequest, isGatewayError, type RouteMatch } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { singleMeaning } from '../../src/claims/single-meaning.js';

const match = (pathTemplate: string, headers: RouteMatch['headers'] = {}): RouteMatch => ({
  pathTemplate,
  headers,
  caseSensitive: false,
  methods: [],
  host: undefined,
  priority: 1,
});

/** Whether a route of `rules` lets a request pass. */
function passes(rules: RouteMatch, target: string, ...headers: readonly string[]): boolean {
  const request = createGatewayRequest({
    kind: 'http',
    method: 'GET',
    target,
    rawHeaders: ['Host', 'a', ...headers],
    client: { address: '127.0.0.1', port: 1, tls: false },
  });
  try {
    singleMeaning(rules)?.(request);
    return true;
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    expect(error).toMatchObject({ status: 403, details: { reason: 'ClaimValueNotAuthorized' } });
    return false;
  }
}

describe('singleMeaning', () => {
  it('asks nothing where a template has neither a query nor headers', () => {
    expect(singleMeaning(match('/users/{id}'))).toBeUndefined();
    expect(singleMeaning(match('/feed?{everything}'))).toBeUndefined();
  });

  it.each([
    ['/f?user=1', true],
    ['/f?user=1&user=2', false],
    ['/f?user=1&USER=2', false],
    ['/f?user=1&u%73er=2', false],
    ['/f?user=1&user', false],
    ['/f?user=1;user=2', false],
    ['/f?user=1&+user=2', false],
    ['/f?user=1&users=2', true],
  ])('lets a request name a parameter once: %s', (target, isGood) => {
    expect(passes(match('/f?user={id}'), target)).toBe(isGood);
  });

  it('lets it name one as often as the template does', () => {
    expect(passes(match('/f?a={x}&a={y}'), '/f?a=1&a=2')).toBe(true);
    expect(passes(match('/f?a={x}&a={y}'), '/f?a=1&a=2&a=3')).toBe(false);
  });

  it('knows a header by the spelling of the route, and by no other (S13)', () => {
    const rules = match('/', { X_Tenant: '{header:tenant}' });
    expect(passes(rules, '/', 'x_tenant', 'a')).toBe(true);
    expect(passes(rules, '/', 'x_tenant', 'a', 'X-Tenant', 'b')).toBe(false);
  });

  it('wants a header to reach the backend: Connection may not name it (S12)', () => {
    const rules = match('/', { 'X-Tenant': '{header:tenant}' });
    expect(passes(rules, '/', 'X-Tenant', 'a', 'Connection', 'keep-alive')).toBe(true);
    expect(passes(rules, '/', 'X-Tenant', 'a', 'Connection', 'keep-alive, X_TENANT')).toBe(false);
  });
});
