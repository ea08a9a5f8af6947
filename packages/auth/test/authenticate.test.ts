import { type Identity } from '@ocelot/core';
import { eventually, readClose } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { AuthFailure, type Provider, type ProviderFactory } from '../src/index.js';
import { authStands, BY_MAIN, bearer, MAIN, SECRET, type Seen, token } from './auth-stand.js';

const { gateway, sockets, plain } = authStands();

const OTHER_SECRET = 'another-secret-of-these-tests-that-is-48-bytes-lo';
const BOTH = { AuthenticationOptions: { AuthenticationProviderKeys: ['Main', 'Other'] } };
const OTHER = { Type: 'Jwt', Secret: OTHER_SECRET, Audience: ['gateway'] };

const anybody = (provider: string): Identity => ({
  provider,
  subject: 'somebody',
  tokenId: undefined,
  claims: {},
  expiresAtMs: undefined,
});

/** A provider type whose answers a test scripts: finds the header `X-Test`. */
function scripted(verify: Provider['verify']): ProviderFactory {
  return (name) => ({
    name,
    challenge: () => `Test realm="${name}"`,
    find: ({ request }) => {
      const value = request.header('x-test');
      return value === undefined ? undefined : { kind: 'custom', value, place: 'header:X-Test' };
    },
    verify,
  });
}

describe('authenticate', () => {
  it('lets an upgrade with a good token through', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port);
    const client = await stand.open(await bearer());
    client.sendFrame({ opcode: 1, payload: 'hello', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('hello');
    // As Ocelot: the backend may want to look at the token itself.
    expect(backend.requests[0]?.headers.authorization).toMatch(/^Bearer /);
  });

  it('answers an upgrade without credentials 401 with a challenge, and asks no backend (RFC 9110 §11.6.1)', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port);
    const client = await stand.client();
    const answer = await client.upgrade();
    expect(answer.status).toBe(401);
    expect(answer.get('www-authenticate')).toBe('Bearer realm="Main"');
    expect(backend.requests).toHaveLength(0);
    const { level, fields } = await stand.line('OCELOT_ERR_UNAUTHENTICATED');
    expect(level).toBe('info');
    expect(fields).toMatchObject({ reason: 'no-credentials', status: 401, blame: 'client' });
  });

  it.each([
    ['an expired token', { exp: 1000 }, SECRET, 'expired (header)'],
    ['a token of another key', {}, OTHER_SECRET, 'signature (header)'],
    ['a token for somebody else', { aud: 'another' }, SECRET, 'audience (header)'],
  ])(
    'answers %s 401 with error="invalid_token" (RFC 6750 §3.1), and the log tells why',
    async (_, claims, key, reason) => {
      const stand = await gateway((await sockets()).port);
      const shown = await token(claims, key);
      const client = await stand.client();
      const answer = await client.upgrade({ headers: { Authorization: `Bearer ${shown}` } });
      expect(answer.status).toBe(401);
      expect(answer.get('www-authenticate')).toMatch(
        /^Bearer realm="Main", error="invalid_token", error_description="/,
      );
      const { fields } = await stand.line('OCELOT_ERR_UNAUTHENTICATED');
      expect(fields).toMatchObject({ reason, provider: 'Main' });
      expect(JSON.stringify(stand.lines)).not.toContain(shown);
      expect(JSON.stringify(stand.lines)).not.toContain(shown.split('.')[2]);
    },
  );

  it('answers plain requests the same', async () => {
    const stand = await gateway(await plain());
    const refused = await stand.fetch();
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="Main"');
    expect((await stand.fetch(await bearer())).status).toBe(200);
  });

  it('answers over HTTP/2 the same (RFC 8441)', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port);
    const connection = await stand.http2();
    const refused = connection.open();
    expect(await refused.status()).toBe(401);
    expect((await refused.answer)['www-authenticate']).toBe('Bearer realm="Main"');
    const client = connection.open({ headers: await bearer() });
    expect(await client.status()).toBe(200);
    client.sendFrame({ opcode: 1, payload: 'h2', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('h2');
  });

  it('asks the single key first, then the list in order; the first success counts (Ocelot)', async () => {
    const asked: string[] = [];
    const factory: ProviderFactory = (name, options, context) =>
      scripted(() => {
        asked.push(name);
        if (name === 'C') return anybody(name);
        throw new AuthFailure('no', 'Not here.');
      })(name, options, context);
    const stand = await gateway(await plain(), {
      auth: { providers: { Test: factory } },
      authentication: { Providers: { A: { Type: 'Test' }, B: { Type: 'Test' }, C: { Type: 'Test' } } },
      route: { AuthenticationOptions: { AuthenticationProviderKey: 'B', AuthenticationProviderKeys: ['A', 'C', 'B'] } },
    });
    expect((await stand.fetch({ 'X-Test': '1' })).status).toBe(200);
    expect(asked).toEqual(['B', 'A', 'C']);
  });

  it('accepts the token of any of its providers, and challenges for each when none accepts', async () => {
    const stand = await gateway(await plain(), {
      route: BOTH,
      authentication: { Providers: { Main: MAIN, Other: OTHER } },
    });
    expect((await stand.fetch({ Authorization: `Bearer ${await token({}, OTHER_SECRET)}` })).status).toBe(200);
    const refused = await stand.fetch({ Authorization: `Bearer ${await token({ exp: 5 })}` });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer realm="Main", error=.*, Bearer realm="Other", error=/);
    expect((await stand.line('OCELOT_ERR_UNAUTHENTICATED')).fields).toMatchObject({
      reason: 'expired (header), signature (header)',
      provider: 'Main, Other',
    });
  });

  it('answers 400 when the token is sent twice, and asks nobody (RFC 6750 §2, §3.1)', async () => {
    const stand = await gateway((await sockets()).port, {
      authentication: { Providers: { Main: { ...MAIN, In: ['header', 'query:access_token'] } } },
    });
    const shown = await token();
    const client = await stand.client();
    const answer = await client.upgrade({
      target: `/?access_token=${shown}`,
      headers: { Authorization: `Bearer ${shown}` },
    });
    expect(answer.status).toBe(400);
    expect(answer.get('www-authenticate')).toContain('error="invalid_request"');
    const { fields } = await stand.line('OCELOT_ERR_UNAUTHENTICATED');
    expect(fields).toMatchObject({ reason: 'several-credentials', provider: 'Main', status: 400 });
    expect(JSON.stringify(stand.lines)).not.toContain(shown);
  });

  it('answers 503 when nobody accepts and one provider could not tell', async () => {
    const unavailable = scripted(() =>
      Promise.reject(
        new AuthFailure('introspection', 'Not now.', { isUnavailable: true, cause: new Error('ECONNREFUSED') }),
      ),
    );
    const stand = await gateway(await plain(), {
      auth: { providers: { Test: unavailable } },
      authentication: { Providers: { Main: MAIN, Away: { Type: 'Test' } } },
      route: { AuthenticationOptions: { AuthenticationProviderKeys: ['Main', 'Away'] } },
    });
    expect((await stand.fetch({ ...(await bearer({ exp: 5 })), 'X-Test': '1' })).status).toBe(503);
    const { level, fields } = await stand.line('OCELOT_ERR_IDENTITY_UNAVAILABLE');
    expect(level).toBe('warn');
    expect(fields).toMatchObject({ provider: 'Main, Away', cause: 'ECONNREFUSED', blame: 'gateway' });
    expect((await stand.fetch({ ...(await bearer()), 'X-Test': '1' })).status).toBe(200);
  });

  it('is a failed stage when a provider gives no number for when its credentials end: they would never end', async () => {
    const endless: ProviderFactory = (name) => ({
      name,
      challenge: () => 'Test',
      find: () => ({ kind: 'custom', value: 1, place: 'test' }),
      verify: () => ({ ...anybody(name), expiresAtMs: Number('never') }),
    });
    const stand = await gateway(await plain(), {
      auth: { providers: { Test: endless } },
      authentication: { Providers: { Main: { Type: 'Test' } } },
    });
    expect((await stand.fetch()).status).toBe(500);
  });

  it('is a failed stage when a provider fails in another way: 500, and the log holds the cause', async () => {
    const stand = await gateway(await plain(), {
      auth: {
        providers: {
          Test: scripted(() => {
            throw new Error('a fault of the provider');
          }),
        },
      },
      authentication: { Providers: { Main: { Type: 'Test' } } },
    });
    expect((await stand.fetch({ 'X-Test': '1' })).status).toBe(500);
    expect((await stand.line('OCELOT_ERR_STAGE_FAILED')).fields['cause']).toContain('a fault of the provider');
  });

  it('lets everybody in where AllowAnonymous says so', async () => {
    const stand = await gateway(await plain(), {
      route: { AuthenticationOptions: { AllowAnonymous: true, AuthenticationProviderKeys: ['Main'] } },
    });
    expect((await stand.fetch()).status).toBe(200);
  });

  it('asks no OPTIONS request who sends it, as Ocelot: browsers send CORS preflights without credentials', async () => {
    const stand = await gateway(await plain());
    expect((await stand.fetch({}, '/', 'OPTIONS')).status).toBe(200);
  });

  it('follows the global AuthenticationOptions and the group rule', async () => {
    const stand = await gateway(await plain(), {
      route: { Key: 'r' },
      global: {
        AuthenticationOptions: { AuthenticationProviderKeys: ['Main'], RouteKeys: ['r'] },
        Gateway: { Authentication: { Providers: { Main: MAIN } } },
      },
    });
    expect((await stand.fetch()).status).toBe(401);
    expect((await stand.fetch(await bearer())).status).toBe(200);
  });
});

describe('places of credentials', () => {
  it('takes a token from the query, and takes it out of what the backend and the log see', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port, {
      authentication: { Providers: { Main: { ...MAIN, In: ['query:access_token'] } } },
    });
    const shown = await token();
    const client = await stand.open({}, `/hub?a=%2F&access_token=${shown}&b=1`);
    client.destroy();
    await eventually(() => stand.lines.some(({ message }) => message === 'session closed'), 'the session is logged');
    expect(backend.requests[0]?.url).toBe('/hub?a=%2F&b=1');
    expect(JSON.stringify(stand.lines)).not.toContain(shown);
  });

  it.each([
    ['the client offers another one', (shown: string) => `chat, bearer.${shown}`, 'chat', 'chat'],
    ['the client offers nothing but its token', (shown: string) => `bearer, ${shown}`, undefined, 'bearer'],
  ])('takes a token from the subprotocol when %s, and answers with one', async (_, offer, offered, agreed) => {
    const backend = await sockets();
    const stand = await gateway(backend.port, {
      authentication: { Providers: { Main: { ...MAIN, In: ['subprotocol'] } } },
    });
    const client = await stand.client();
    const answer = await client.upgrade({ headers: { 'Sec-WebSocket-Protocol': offer(await token()) } });
    expect(answer.status).toBe(101);
    expect(answer.get('sec-websocket-protocol')).toBe(agreed);
    expect(backend.requests[0]?.headers['sec-websocket-protocol']).toBe(offered);
  });

  // Telemetry writes it into spans; the client has to be told its own offer, and nobody else.
  it('keeps a token that is the only offer out of events and the log, though it is what the client is told', async () => {
    const stand = await gateway((await sockets()).port, {
      authentication: { Providers: { Main: { ...MAIN, In: ['subprotocol'] } } },
    });
    const lone = `bearer.${await token()}`;
    const client = await stand.client();
    const answer = await client.upgrade({ headers: { 'Sec-WebSocket-Protocol': lone } });
    expect(answer.get('sec-websocket-protocol')).toBe(lone);
    const opened = stand.events.find(({ type }) => type === 'session.opened');
    expect(opened).toMatchObject({ subprotocol: undefined });
    expect(JSON.stringify(stand.lines)).not.toContain(lone);
  });

  it('reads the place that the route says, in place of the provider’s', async () => {
    const stand = await gateway(await plain(), {
      route: { ...BY_MAIN, Gateway: { Authentication: { In: ['cookie:session'], ForwardCredentials: 'none' } } },
    });
    expect((await stand.fetch(await bearer())).status).toBe(401);
    const answer = await stand.fetch({ Cookie: `a=1; session=${await token()}; b=2` });
    expect(answer.status).toBe(200);
    expect((JSON.parse(answer.body) as Seen).headers.cookie).toBe('a=1; b=2');
  });
});

describe('the first message', () => {
  const GRAPHQL = { Providers: { Main: { ...MAIN, In: ['message:payload.authorization'] } } };
  const PROTOCOL = { 'Sec-WebSocket-Protocol': 'graphql-transport-ws' };

  it('is waited for with an open socket; the backend comes after it, and gets it (graphql-ws connection_init)', async () => {
    const backend = await sockets({ handleProtocols: (offers) => [...offers][0] ?? false });
    const stand = await gateway(backend.port, { authentication: GRAPHQL });
    const client = await stand.client();
    const answer = await client.upgrade({ headers: PROTOCOL });
    expect(answer.status).toBe(101);
    expect(answer.get('sec-websocket-protocol')).toBe('graphql-transport-ws');
    expect(backend.requests).toHaveLength(0);
    const init = JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${await token()}` } });
    client.sendFrame({ opcode: 1, payload: init, mask: true });
    expect((await client.readFrame()).payload.toString()).toBe(init);
    expect(backend.requests[0]?.headers['sec-websocket-protocol']).toBe('graphql-transport-ws');
    client.sendFrame({ opcode: 1, payload: 'next', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('next');
  });

  it.each([
    ['the one that the provider names', ['second'], 'second'],
    ['the first where it names none', [], 'first'],
    ['none where it knows none of them', ['fourth'], undefined],
  ])('leaves the backend no other subprotocol than the client was told: %s', async (_, Subprotocols, told) => {
    const backend = await sockets({ handleProtocols: (offers) => [...offers][0] ?? false });
    const stand = await gateway(backend.port, {
      authentication: { Providers: { Main: { ...MAIN, In: ['message'], Message: { Subprotocols } } } },
    });
    const client = await stand.client();
    const answer = await client.upgrade({ headers: { 'Sec-WebSocket-Protocol': 'first, second, third' } });
    expect(answer.get('sec-websocket-protocol')).toBe(told);
    client.sendFrame({ opcode: 1, payload: await token(), mask: true });
    client.sendFrame({ opcode: 1, payload: 'in', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('in');
    expect(backend.requests[0]?.headers['sec-websocket-protocol']).toBe(told);
  });

  it.each([
    ['a bad token', JSON.stringify({ payload: { authorization: 'Bearer a.b.c' } }), 'malformed (message)'],
    ['no token', JSON.stringify({ type: 'connection_init' }), 'no-credentials'],
    ['no JSON', 'hello', 'message-unreadable'],
  ])('ends the socket with 4401 when it holds %s, before any backend is asked', async (_, message, reason) => {
    const backend = await sockets();
    const stand = await gateway(backend.port, { authentication: GRAPHQL });
    const client = await stand.open(PROTOCOL);
    client.sendFrame({ opcode: 1, payload: message, mask: true });
    expect(readClose(await client.readFrame()).code).toBe(4401);
    expect((await stand.line('OCELOT_ERR_UNAUTHENTICATED')).fields['reason']).toBe(reason);
    expect(backend.requests).toHaveLength(0);
  });

  // They count as unfinished handshakes, of which the gateway has so many for everybody (MaxPendingHandshakes).
  it('is waited for from as many clients of one address as MaxConnectionsPerIp lets in: 429 for the next', async () => {
    const stand = await gateway((await sockets()).port, {
      authentication: GRAPHQL,
      route: { ...BY_MAIN, Gateway: { MaxConnectionsPerIp: 2 } },
    });
    const first = await stand.open();
    await stand.open();
    const refused = await (await stand.client()).upgrade();
    expect(refused.status).toBe(429);
    expect(refused.get('retry-after')).toBe('5');
    first.destroy();
    await expect.poll(async () => (await (await stand.client()).upgrade()).status).toBe(101);
  });

  // JSON.parse takes the last of two, and the backend that gets the message perhaps the first.
  it('is refused when it names its token twice', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port, { authentication: GRAPHQL });
    const client = await stand.open();
    const twice = `{"payload":{"authorization":"${await token({ sub: 'root' })}","authorization":"${await token()}"}}`;
    client.sendFrame({ opcode: 1, payload: twice, mask: true });
    expect((await client.readFrame()).payload.readUInt16BE(0)).toBe(4401);
    expect((await stand.line('OCELOT_ERR_UNAUTHENTICATED')).fields['reason']).toBe('message-unreadable');
    expect(backend.requests).toEqual([]);
  });

  it('has a limit of time: 4408', async () => {
    const stand = await gateway((await sockets()).port, {
      authentication: { Providers: { Main: { ...MAIN, In: ['message'], Message: { TimeoutMs: 50 } } } },
    });
    const client = await stand.open();
    expect(readClose(await client.readFrame()).code).toBe(4408);
    await stand.line('OCELOT_ERR_FIRST_MESSAGE_TIMEOUT');
  });

  it('is not asked for where the request holds a token already, good or bad', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port, {
      authentication: { Providers: { Main: { ...MAIN, In: ['header', 'message'] } } },
    });
    const client = await stand.open(await bearer());
    client.sendFrame({ opcode: 1, payload: 'hello', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('hello');
    const other = await stand.client();
    expect((await other.upgrade({ headers: await bearer({ exp: 5 }) })).status).toBe(401);
  });

  it('cannot come from a plain request: 401', async () => {
    const stand = await gateway(await plain(), { authentication: GRAPHQL });
    const answer = await stand.fetch();
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="Main"');
  });
});
