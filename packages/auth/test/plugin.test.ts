import { createGateway, IDENTITY, type Plugin, readConfiguration } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { auth } from '../src/index.js';
import { authStands, bearer, type Seen } from './auth-stand.js';

const { gateway, sockets, plain } = authStands();

describe('auth', () => {
  it('does nothing where nothing is configured: no stage, no hook', async () => {
    const stand = await gateway(await plain(), { route: {}, authentication: { Providers: {} } });
    expect((await stand.fetch()).status).toBe(200);
    expect(stand.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('says which keys of ocelot.json it acts on, so that nothing warns of them', async () => {
    const route = {
      AuthenticationOptions: { AuthenticationProviderKeys: ['Main'], AllowedScopes: ['a'] },
      RouteClaimsRequirement: { sub: 'alice' },
      AddClaimsToRequest: { a: 'Claims[sub] > value' },
      AddHeadersToRequest: { a: 'Claims[sub] > value' },
      AddQueriesToRequest: { a: 'Claims[sub] > value' },
      DownstreamPathTemplate: '/{everything}',
      ChangeDownstreamPathTemplate: { everything: 'Claims[sub] > value' },
    };
    const stand = await gateway(await plain(), { route });
    expect(stand.configure({ route }).warnings.filter(({ message }) => message.includes('@ocelot/auth'))).toEqual([]);
  });

  it('loads a file that describes no provider, and leaves its routes closed (ADR 9)', async () => {
    const stand = await gateway(await plain(), { authentication: { Providers: {} } });
    expect(
      stand.lines.find(({ message }) => message.includes('no authentication provider is described')),
    ).toMatchObject({
      level: 'warn',
      fields: { source: 'ocelot.json#/Routes/0' },
    });
    expect((await stand.fetch(await bearer())).status).toBe(403);
  });

  it('leaves it to a stage of the program’s own to say who clients are, and takes its word', async () => {
    const own: Plugin = {
      name: 'own',
      setup: (registry) =>
        registry.stage({
          name: 'own',
          phase: 'authenticate',
          enforces: ['AuthenticationOptions'],
          forRoute: () => (exchange) => {
            const role = exchange.request.header('x-role') ?? 'none';
            const claims = { role: [role] };
            exchange.set(IDENTITY, {
              provider: 'own',
              subject: 'a',
              tokenId: undefined,
              claims,
              expiresAtMs: undefined,
            });
          },
        }),
    };
    const stand = await gateway(await plain(), {
      authentication: { Providers: {} },
      plugins: [own],
      route: {
        AuthenticationOptions: { AuthenticationProviderKeys: ['Own'] },
        AddClaimsToRequest: { Group: 'Claims[role] > value' },
        RouteClaimsRequirement: { Group: 'admin' },
        AddHeadersToRequest: { 'X-Group': 'Claims[Group] > value' },
      },
    });
    expect((await stand.fetch({ 'X-Role': 'user' })).status).toBe(403);
    const answer = await stand.fetch({ 'X-Role': 'admin' });
    expect(answer.status).toBe(200);
    expect((JSON.parse(answer.body) as Seen).headers['x-group']).toBe('admin');
  });

  it('revokes and renews for the program that made it', async () => {
    const stand = await gateway((await sockets()).port);
    const client = await stand.open(await bearer());
    const { closed, revocation } = stand.plugin.revoke({ subject: 'alice' });
    expect(closed).toBe(1);
    expect((await client.readFrame()).payload.readUInt16BE(0)).toBe(4401);
    expect(stand.plugin.revocations()).toEqual([revocation]);
    expect(stand.plugin.unrevoke(revocation.id)).toBe(true);
    expect(stand.plugin.renew('none', 'x')).toBeUndefined();
  });

  it('serves one gateway', async () => {
    const plugin = auth();
    expect(() => plugin.revocations()).toThrow('not part of a gateway yet');
    const config = readConfiguration({ Routes: [] });
    const first = await createGateway({ config, plugins: [plugin] });
    await expect(createGateway({ config, plugins: [plugin] })).rejects.toThrow('serves one gateway');
    await first.drain();
  });

  it('ends no socket that is still draining when the gateway stops', async () => {
    const stand = await gateway((await sockets()).port);
    const client = await stand.open(await bearer());
    const drained = stand.gateway.drain({ deadlineMs: 3000, spreadMs: 0 });
    const close = await client.readFrame();
    expect(close.payload.readUInt16BE(0)).toBe(1012);
    client.sendFrame({ opcode: 8, payload: close.payload, mask: true });
    expect(await drained).toMatchObject({ clean: 1, killed: 0 });
  });
});
