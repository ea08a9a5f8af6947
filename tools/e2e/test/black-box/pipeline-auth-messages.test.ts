// Situation: routes that take the token from the first message of a socket, as graphql-ws sends it.
// Action: clients over HTTP/1.1 and HTTP/2 say a good token, a bad one, something else, or nothing.
// Expected: the socket opens at once, the backend is asked only after a good token; else a Close frame says why.
import { OPCODE } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { pipelineStand, REQUEST_WAYS, SOCKET_WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

let people: Issuer;
beforeAll(async () => {
  people = await issuer();
});
afterAll(() => people.close());

const waiting = (path: string, port: number, place: string, more: object = {}, extra: object = {}): object =>
  route(path, port, {
    AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
    Gateway: { Authentication: { In: [place], Message: { MaxBytes: 2000, ...more }, ...extra } },
  });

const subject = pipelineStand((port) => ({
  Routes: [
    waiting('/member', port, 'message:payload.authorization', { Subprotocols: ['graphql-transport-ws'] }),
    waiting('/whole', port, 'message'),
    waiting('/timed', port, 'message', { TimeoutMs: 200 }),
    waiting('/whole/on', port, 'message', { Forward: true }),
    waiting('/code', port, 'message', {}, { CloseCode: 4003 }),
    {
      ...waiting('/scoped', port, 'message'),
      AuthenticationOptions: { AuthenticationProviderKeys: ['People'], AllowedScopes: ['chat'] },
      AddHeadersToRequest: { 'X-User': 'Claims[sub] > value' },
    },
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    Gateway: {
      Authentication: {
        Providers: { People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] } },
      },
    },
  },
}));

const init = (token: string): string =>
  JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
const good = (claims: object = {}): string => people.token({ sub: 'ada', ...claims });

describe.each(SOCKET_WAYS)('the first message of a socket by %s', (way) => {
  it('with a token in a member lets the client in; the backend gets it first, and the offer that was answered', async () => {
    const headers = { 'Sec-WebSocket-Protocol': 'other, graphql-transport-ws' };
    const client = await subject.enter(way, '/member', headers);
    expect(client.get('sec-websocket-protocol')).toBe('graphql-transport-ws');
    const { count } = subject.witness;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(subject.witness.count, 'nobody is asked before the token').toBe(count);
    client.say(init(good()));
    client.say('second');
    expect([await client.hear(), await client.hear()]).toEqual([expect.stringContaining('connection_init'), 'second']);
    const seen = await subject.witness.seen(client.id);
    expect(seen.headers['sec-websocket-protocol']).toBe('graphql-transport-ws');
  });

  it('that is the token stays here', async () => {
    const client = await subject.enter(way, '/whole');
    client.say(good());
    client.say('second');
    expect(await client.hear()).toBe('second');
  });

  it('that is the token goes on where Forward says so', async () => {
    const client = await subject.enter(way, '/whole/on');
    const token = good();
    client.say(token);
    expect(await client.hear()).toBe(token);
  });

  it.each([
    ['of somebody else', () => people.forged({ sub: 'ada' })],
    ['that expired', () => good({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['that is none', () => 'hello'],
    ['of no text at all', () => ''],
  ])('with a token %s is answered with Close 4401, and no backend is asked', async (_what, token) => {
    const client = await subject.enter(way, '/whole');
    client.say(token());
    expect((await client.close()).code).toBe(4401);
    expect(await subject.line(client.id)).toMatchObject({
      code: expect.stringMatching(/^OCELOT_ERR_(?:UNAUTHENTICATED|TOKEN_EXPIRED)$/),
      closeCode: 4401,
    });
    expect(subject.witness.has(client.id)).toBe(false);
  });

  it('without the member is answered with Close 4401', async () => {
    for (const text of ['{"type":"connection_init"}', '{"payload":{}}', 'no JSON', '[]', 'null']) {
      const client = await subject.enter(way, '/member', { 'Sec-WebSocket-Protocol': 'graphql-transport-ws' });
      client.say(text);
      expect((await client.close()).code, `for ${text}`).toBe(4401);
      expect(subject.witness.has(client.id)).toBe(false);
    }
  });

  it('that does not come in time is answered with Close 4408', async () => {
    const client = await subject.enter(way, '/timed');
    expect((await client.close()).code).toBe(4408);
    expect(await subject.line(client.id)).toMatchObject({ code: 'OCELOT_ERR_FIRST_MESSAGE_TIMEOUT', closeCode: 4408 });
    expect(subject.witness.has(client.id)).toBe(false);
  });

  it('that is too big is answered with Close 1009 (RFC 6455 §7.4.1)', async () => {
    const client = await subject.enter(way, '/whole');
    client.say('x'.repeat(2001));
    expect((await client.close()).code).toBe(1009);
    expect(subject.witness.has(client.id)).toBe(false);
  });

  it('may come in fragments, with a ping between them that is answered (RFC 6455 §5.4)', async () => {
    const client = await subject.enter(way, '/whole');
    const token = good();
    const part = (payload: string, opcode: number, fin: boolean): void =>
      void client.connection.sendFrame({ opcode, payload, fin, mask: true });
    part(token.slice(0, 20), OPCODE.text, false);
    part('are you there', OPCODE.ping, true);
    part(token.slice(20, 30), OPCODE.continuation, false);
    part(token.slice(30), OPCODE.continuation, true);
    expect(await client.connection.readFrame()).toMatchObject({ opcode: OPCODE.pong });
    client.say('in');
    expect(await client.hear()).toBe('in');
  });

  it('closes with the code of the route where it names one', async () => {
    const client = await subject.enter(way, '/code');
    client.say('nonsense');
    expect((await client.close()).code).toBe(4003);
  });

  it('of a client who may not use the route is answered with Close 1008, and the log says why', async () => {
    const client = await subject.enter(way, '/scoped');
    client.say(good({ scope: 'other' }));
    const { code } = await client.close();
    const line = await subject.line(client.id);
    expect(line).toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', reason: 'ScopeNotAuthorized' });
    expect(code).toBe(1008);
    expect(subject.witness.has(client.id)).toBe(false);
  });

  it('tells the backend who it is, as a token in the handshake does', async () => {
    const client = await subject.enter(way, '/scoped', { 'X-User': 'root' });
    client.say(good({ scope: 'chat' }));
    expect((await subject.witness.seen(client.id)).all('x-user')).toEqual(['ada']);
  });

  it('whose backend refuses ends with a Close frame, since the 101 is out', async () => {
    const client = await subject.enter(way, '/whole?answer=503');
    client.say(good());
    expect((await client.close()).code).toBeGreaterThanOrEqual(1011);
    await subject.witness.seen(client.id);
  });

  it('is not waited for when the client closes: its code is answered (RFC 6455 §5.5.1)', async () => {
    const client = await subject.enter(way, '/whole');
    client.connection.sendFrame({ opcode: OPCODE.close, payload: Buffer.from([0x03, 0xe8]), mask: true });
    expect((await client.close()).code).toBe(1000);
    expect(subject.witness.has(client.id)).toBe(false);
  });
});

describe.each(REQUEST_WAYS)('a %s on such a route', (way) => {
  it('has no first message: 401 with a challenge', async () => {
    const reached = await subject.reach(way, '/whole');
    expect([reached.status, reached.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Bearer realm="People"/),
    ]);
  });
});
