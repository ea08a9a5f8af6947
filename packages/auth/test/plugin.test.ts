import { createGateway, readConfiguration } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { auth } from '../src/index.js';
import { authStands, bearer } from './auth-stand.js';

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
