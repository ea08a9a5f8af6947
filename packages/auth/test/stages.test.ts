import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import { authStands, BY_MAIN, bearer, MAIN, type Seen } from './auth-stand.js';

const { gateway, sockets, plain, onClose } = authStands();

const seen = (body: string): Seen => JSON.parse(body) as Seen;

const CLAIMS = {
  AddHeadersToRequest: { 'X-User': 'Claims[sub] > value[1] > |', 'X-Roles': 'Claims[role] > value' },
};

describe('authorize', () => {
  it('wants one of AllowedScopes: 403, and only the log says why', async () => {
    const stand = await gateway(await plain(), {
      route: { AuthenticationOptions: { AuthenticationProviderKeys: ['Main'], AllowedScopes: ['api', 'admin'] } },
    });
    expect((await stand.fetch(await bearer({ scope: 'openid api' }))).status).toBe(200);
    const refused = await stand.fetch(await bearer({ scope: 'openid' }));
    expect(refused.status).toBe(403);
    expect(refused.body).not.toContain('Scope');
    expect((await stand.line('OCELOT_ERR_FORBIDDEN')).fields).toMatchObject({
      reason: 'ScopeNotAuthorized',
      blame: 'client',
    });
  });

  it('wants what RouteClaimsRequirement says, on upgrades too: a client may have its own path only', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port, {
      route: {
        ...BY_MAIN,
        UpstreamPathTemplate: '/users/{userId}/feed',
        DownstreamPathTemplate: '/feed/{userId}',
        RouteClaimsRequirement: { sub: '{userId}' },
      },
    });
    const client = await stand.client();
    expect((await client.upgrade({ target: '/users/bob/feed', headers: await bearer() })).status).toBe(403);
    expect((await stand.line('OCELOT_ERR_FORBIDDEN')).fields).toMatchObject({
      reason: 'ClaimValueNotAuthorized',
      claim: 'sub',
    });
    await stand.open(await bearer(), '/users/%61lice/feed');
    expect(backend.requests.map(({ url }) => url)).toEqual(['/feed/%61lice']);
  });

  // Whoever reads the last of two values serves bob what alice was authorized for.
  it.each([
    ['/feed?user=alice&room=1', 200],
    ['/feed?user=alice&room=1&user=bob', 403],
    ['/feed?user=alice&room=1&%75SER=bob', 403],
    ['/feed?user=alice&room=1;user=bob', 403],
    ['/feed?user=alice&room=1&room=2', 403],
    ['/feed?user=alice&room=1&users=bob', 200],
    ['/feed?user=bob&room=1&user=alice', 403],
  ])('compares what a query says once: %s is answered %d', async (target, status) => {
    const stand = await gateway(await plain(), {
      route: {
        ...BY_MAIN,
        UpstreamPathTemplate: '/feed?user={who}&room={room}',
        DownstreamPathTemplate: '/feed',
        RouteClaimsRequirement: { sub: '{who}' },
      },
    });
    expect((await stand.fetch(await bearer(), target)).status).toBe(status);
  });

  it.each<readonly [string, Readonly<Record<string, string>>, number]>([
    ['once', { 'X-Tenant': 'acme' }, 200],
    ['and in another spelling (S13)', { 'X-Tenant': 'acme', X_Tenant: 'evil' }, 403],
    ['and has it taken out (S12)', { 'X-Tenant': 'acme', Connection: 'close, x-tenant' }, 403],
    ['and something else', { 'X-Tenant': 'acme', 'X-Tenants': 'evil' }, 200],
  ])('compares a header that the backend gets as well: sent %s', async (_, headers, status) => {
    const stand = await gateway(await plain(), {
      route: {
        ...BY_MAIN,
        UpstreamHeaderTemplates: { 'X-Tenant': '{header:tenant}' },
        RouteClaimsRequirement: { tenant: '{tenant}' },
      },
    });
    const answer = await stand.fetch({ ...(await bearer({ tenant: 'acme' })), ...headers });
    expect(answer.status).toBe(status);
  });

  it('sees the claims of AddClaimsToRequest, which come before it as in Ocelot', async () => {
    const stand = await gateway(await plain(), {
      route: {
        ...BY_MAIN,
        AddClaimsToRequest: { UserType: 'Claims[sub] > value[0] > |' },
        AddHeadersToRequest: { 'X-Type': 'Claims[UserType] > value' },
        RouteClaimsRequirement: { UserType: 'registered' },
      },
    });
    expect((await stand.fetch(await bearer({ sub: 'guest|7', UserType: 'registered' }))).status).toBe(403);
    const answer = await stand.fetch(await bearer({ sub: 'registered|7', UserType: 'guest' }));
    expect(answer.status).toBe(200);
    expect(seen(answer.body).headers['x-type']).toBe('registered');
  });

  it('refuses everybody where claims are required and nobody is asked who he is, as Ocelot; the log says so at once', async () => {
    const stand = await gateway(await plain(), { route: { RouteClaimsRequirement: { role: 'admin' } } });
    expect(stand.lines.find(({ message }) => message.includes('but for no authentication'))?.level).toBe('warn');
    expect((await stand.fetch(await bearer({ role: 'admin' }))).status).toBe(403);
    expect((await stand.line('OCELOT_ERR_FORBIDDEN')).fields['reason']).toBe('UserDoesNotHaveClaim');
  });

  it('refuses everybody where scopes are required and nobody is asked who he is; Ocelot lets them in', async () => {
    const stand = await gateway(await plain(), { route: { AuthenticationOptions: { AllowedScopes: ['api'] } } });
    expect(stand.lines.some(({ message }) => message.includes('but for no authentication'))).toBe(true);
    expect((await stand.fetch(await bearer({ scope: 'api' }))).status).toBe(403);
  });

  it('asks no OPTIONS request for claims (Ocelot: AuthorizationMiddleware)', async () => {
    const stand = await gateway(await plain(), { route: { ...BY_MAIN, RouteClaimsRequirement: { role: 'admin' } } });
    expect((await stand.fetch({}, '/', 'OPTIONS')).status).toBe(200);
  });
});

describe('OPTIONS', () => {
  // DownstreamHttpMethod makes another method of it: a POST that nobody was asked for.
  it('is asked for a token where the backend gets another method, which Ocelot lets anybody call', async () => {
    const stand = await gateway(await plain(), { route: { ...BY_MAIN, DownstreamHttpMethod: 'POST' } });
    expect((await stand.fetch({}, '/', 'OPTIONS')).status).toBe(401);
    const answer = await stand.fetch(await bearer(), '/', 'OPTIONS');
    expect(answer.status).toBe(200);
    expect(seen(answer.body).method).toBe('POST');
  });
});

describe('claims transformation', () => {
  it('writes claims into headers for the backend, of plain requests and of upgrades', async () => {
    const backend = await sockets();
    const claims = { sub: 'registered|u7', role: ['admin', 'editor'] };
    const route = { ...BY_MAIN, ...CLAIMS };
    const answer = await (await gateway(await plain(), { route })).fetch(await bearer(claims));
    expect(seen(answer.body).headers).toMatchObject({ 'x-user': 'u7', 'x-roles': 'admin,editor' });
    await (await gateway(backend.port, { route })).open(await bearer(claims));
    expect(backend.requests[0]?.headers).toMatchObject({ 'x-user': 'u7', 'x-roles': 'admin,editor' });
  });

  // A client that knows the name of a header sends it itself, in a spelling that the backend takes for the same, or has
  // the gateway remove it as a header of the hop.
  it.each<readonly [string, Readonly<Record<string, string>>]>([
    ['sends the header', { 'X-User': 'root' }],
    ['sends it in another case', { 'x-USER': 'root' }],
    ['sends its alias', { x_user: 'root', X_User: 'root' }],
    ['names it in Connection', { Connection: 'X-User, Upgrade', 'X-User': 'root' }],
  ])('stands whatever a client does that %s (S12, S13)', async (_, forged) => {
    const backend = await sockets();
    const stand = await gateway(backend.port, { route: { ...BY_MAIN, ...CLAIMS } });
    const client = await stand.client();
    const headers = { ...(await bearer({ sub: 'a|u7', role: 'r' })), ...forged };
    expect((await client.upgrade({ headers })).status).toBe(101);
    const rawHeaders = backend.requests[0]?.rawHeaders ?? [];
    const users = rawHeaders.filter((_name, index) => {
      const name = rawHeaders[index - 1] ?? '';
      return index % 2 === 1 && name.toLowerCase().replaceAll('_', '-') === 'x-user';
    });
    expect(users).toEqual(['u7']);
  });

  it('stands a client that says it once more behind its body, as a trailer (RFC 9110 §6.5.1)', async () => {
    let trailers: unknown;
    const backend = createServer((request, response) => {
      request.resume().on('end', () => {
        ({ trailers } = request);
        response.end();
      });
    });
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    onClose(() => {
      backend.closeAllConnections();
      return new Promise((resolve) => {
        backend.close(resolve);
      });
    });
    const stand = await gateway((backend.address() as AddressInfo).port, { route: { ...BY_MAIN, ...CLAIMS } });
    const client = await stand.client();
    const { Authorization } = await bearer({ sub: 'a|u7', role: 'r' });
    client.send(
      `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${Authorization}\r\nTransfer-Encoding: chunked\r\n` +
        'Trailer: X-User, X-Sum\r\n\r\n1\r\na\r\n0\r\nX-User: root\r\nX-Sum: 1\r\n\r\n',
    );
    expect((await client.readHead()).status).toBe(200);
    expect(trailers).toEqual({ 'x-sum': '1' });
  });

  it('lets no client say on a request without an identity what only claims may say', async () => {
    const stand = await gateway(await plain(), {
      route: { ...BY_MAIN, ...CLAIMS, AddQueriesToRequest: { user: 'Claims[sub] > value' } },
    });
    const answer = await stand.fetch({ 'X-User': 'root', 'X-Other': '1' }, '/?user=root&a=1', 'OPTIONS');
    expect(answer.status).toBe(200);
    expect(seen(answer.body)).toMatchObject({ url: '/?a=1', headers: { 'x-other': '1' } });
    expect(seen(answer.body).headers['x-user']).toBeUndefined();
  });

  it('refuses a client without the claim, as Ocelot (CannotFindClaim)', async () => {
    const stand = await gateway(await plain(), { route: { ...BY_MAIN, ...CLAIMS } });
    expect((await stand.fetch(await bearer({ sub: 'a|b' }))).status).toBe(403);
    expect((await stand.line('OCELOT_ERR_FORBIDDEN')).fields).toMatchObject({
      reason: 'CannotFindClaim',
      claim: 'role',
    });
  });

  it('refuses a claim that would end the header (S13)', async () => {
    const stand = await gateway(await plain(), { route: { ...BY_MAIN, ...CLAIMS } });
    expect((await stand.fetch(await bearer({ sub: 'a|b\r\nX-Admin: 1', role: 'r' }))).status).toBe(403);
    expect((await stand.line('OCELOT_ERR_FORBIDDEN')).fields['reason']).toBe('ClaimValueInvalid');
  });

  it('writes claims into the query, encoded, in place of the client’s own', async () => {
    const stand = await gateway(await plain(), {
      route: { ...BY_MAIN, AddQueriesToRequest: { user: 'Claims[sub] > value' } },
    });
    const answer = await stand.fetch(await bearer({ sub: 'a&admin=1' }), '/x?%75ser=root&b=%2F');
    expect(seen(answer.body).url).toBe('/x?b=%2F&user=a%26admin%3D1');
  });

  it('fills placeholders of the path from claims, in place of what the client put there', async () => {
    const stand = await gateway(await plain(), {
      route: {
        ...BY_MAIN,
        UpstreamPathTemplate: '/users/{userId}/{rest}',
        DownstreamPathTemplate: '/u/{userId}/{rest}',
        ChangeDownstreamPathTemplate: { userId: 'Claims[sub] > value[1] > |' },
        AddQueriesToRequest: { q: 'Claims[sub] > value[0] > |' },
      },
    });
    const mine = await stand.fetch(await bearer({ sub: 'a|u/7' }), '/users/root/x?y=1');
    expect(seen(mine.body).url).toBe('/u/u%2F7/x?y=1&q=a');
    expect((await stand.fetch(await bearer({ sub: 'a|..' }), '/users/root/x')).status).toBe(403);
    // Whose path it would be is not known.
    expect((await stand.fetch({}, '/users/root/x', 'OPTIONS')).status).toBe(403);
  });

  it('keeps a token of the query away from the backend where the path is made anew', async () => {
    const stand = await gateway(await plain(), {
      authentication: { Providers: { Main: { ...MAIN, In: ['query:t'] } } },
      route: {
        ...BY_MAIN,
        DownstreamPathTemplate: '/u/{sub}',
        ChangeDownstreamPathTemplate: { sub: 'Claims[sub] > value' },
      },
    });
    const { Authorization } = await bearer();
    const answer = await stand.fetch({}, `/x?a=1&t=${Authorization.slice(7)}`);
    expect(seen(answer.body).url).toBe('/u/alice?a=1');
  });
});
