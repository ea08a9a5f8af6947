import { ConfigError, type ConfigIssue, createGateway, type Plugin, readConfiguration } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { auth } from '../src/index.js';
import { authStands, BY_MAIN, MAIN } from './auth-stand.js';

const { gateway, plain } = authStands();

/** The issues that a configuration is refused with. */
async function issuesOf(route: object, more: object = {}): Promise<readonly ConfigIssue[]> {
  try {
    await gateway(await plain(), { route, ...more });
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  return [];
}

describe('readPolicy', () => {
  it('refuses a provider that does not exist, and says which there are', async () => {
    const [issue] = await issuesOf({ AuthenticationOptions: { AuthenticationProviderKeys: ['main'] } });
    expect(issue).toMatchObject({
      kind: 'AuthUnsupported',
      source: 'ocelot.json#/Routes/0/AuthenticationOptions',
      message: 'No authentication provider is named "main".',
      hint: expect.stringContaining('There are: Main. Add it to GlobalConfiguration.Gateway.Authentication.Providers'),
    });
  });

  it('points at the global options where they name it', async () => {
    const [issue] = await issuesOf(
      {},
      {
        global: { AuthenticationOptions: { AuthenticationProviderKeys: ['Bearer'] } },
      },
    );
    expect(issue?.source).toBe('ocelot.json#/GlobalConfiguration/AuthenticationOptions');
    expect(issue?.message).toBe('No authentication provider is named "Bearer".');
  });

  it.each([
    ['AddHeadersToRequest', { 'X-User': 'sub' }, 'X-User', 'has no ">"'],
    ['AddHeadersToRequest', { Host: 'Claims[sub] > value' }, 'Host', 'belongs to the connection'],
    ['AddHeadersToRequest', { Sec_WebSocket_Key: 'Claims[sub] > value' }, 'Sec_WebSocket_Key', 'belongs to the'],
    ['AddQueriesToRequest', { 'a/b~c': 'sub > value' }, 'a~1b~0c', 'not of the form'],
    ['AddClaimsToRequest', { x: 'Claims[sub] > 1' }, 'x', 'neither value nor value[index]'],
    ['ChangeDownstreamPathTemplate', { userId: 'Claims[sub] > value' }, 'userId', 'has no {userId}'],
  ])('refuses what it cannot do in %s, which Ocelot drops: %j', async (key, entries, token, message) => {
    const [issue, ...others] = await issuesOf({ ...BY_MAIN, [key]: entries });
    expect(others).toEqual([]);
    expect(issue?.source).toBe(`ocelot.json#/Routes/0/${key}/${token}`);
    expect(issue?.message).toContain(message);
  });

  it.each([
    [
      { Gateway: { Authentication: { CloseCode: 1015 } } },
      {},
      'ocelot.json#/Routes/0/Gateway/Authentication/CloseCode',
    ],
    [{}, { authentication: { CloseCode: 2000 } }, 'ocelot.json#/GlobalConfiguration/Gateway/Authentication/CloseCode'],
  ])('refuses a CloseCode that no endpoint may send (RFC 6455 §7.4): %j %j', async (route, more, source) => {
    const [issue, ...others] = await issuesOf({ ...BY_MAIN, ...route }, more);
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ kind: 'CloseCode', source, message: expect.stringContaining('may not be sent') });
  });

  it('refuses a placeholder that no template has', async () => {
    const [issue] = await issuesOf({ ...BY_MAIN, RouteClaimsRequirement: { sub: '{user}' } });
    expect(issue).toMatchObject({
      kind: 'ClaimPlaceholder',
      source: 'ocelot.json#/Routes/0/RouteClaimsRequirement',
      message: 'The claim sub is compared with {user}, which no template of the route has.',
    });
  });

  it('knows the placeholders of header templates', async () => {
    const route = {
      ...BY_MAIN,
      UpstreamHeaderTemplates: { 'X-Tenant': '{header:tenant}' },
      RouteClaimsRequirement: { tenant: '{tenant}', path: '{everything}' },
    };
    expect(await issuesOf(route)).toEqual([]);
  });

  it('reports everything at once', async () => {
    const issues = await issuesOf({
      AuthenticationOptions: { AuthenticationProviderKeys: ['X'] },
      AddHeadersToRequest: { A: 'a', B: 'b' },
    });
    expect(issues).toHaveLength(3);
  });

  it('finds what is wrong with dynamic routes at start, not with their first request', async () => {
    const config = readConfiguration({
      Routes: [],
      DynamicRoutes: [{ ServiceName: 'chat', AuthenticationOptions: { AuthenticationProviderKeys: ['Nobody'] } }],
      GlobalConfiguration: {
        DownstreamScheme: 'ws',
        Gateway: { Authentication: { Providers: { Main: MAIN } } },
        ServiceDiscoveryProvider: { Type: 'Test', Host: 'registry', Port: 8500 },
      },
    });
    const discovery: Plugin = {
      name: 'discovery',
      setup: (registry) =>
        registry.discovery('Test', () => ({
          subscribe: () => ({ unsubscribe: () => undefined }),
          close: () => Promise.resolve(),
        })),
    };
    await expect(createGateway({ config, plugins: [discovery, auth()] })).rejects.toThrow(
      'ocelot.json#/DynamicRoutes/0/AuthenticationOptions: No authentication provider is named "Nobody".',
    );
  });

  it('reads where a token is from the section of the route', async () => {
    const route = { ...BY_MAIN, Gateway: { Authentication: { In: ['nowhere'] } } };
    const [issue] = await issuesOf(route, { authentication: { Providers: { Main: MAIN } } });
    expect(issue?.source).toBe('ocelot.json#/Routes/0/Gateway/Authentication/In/0');
  });
});
