// Situation: sockets and event streams that were opened with a token, over HTTP/1.1 and HTTP/2.
// Action: the token ends, is renewed by a message or by the control address, or is taken back.
// Expected: the socket ends with 4401 within a second of the end of its token and never before, on both sides, and the
//   log says why; a renewed one stays.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { type Opened, pipelineStand, SOCKET_WAYS, type SocketWay } from './pipeline-stand.js';
import { route } from './stand.js';

let people: Issuer;
beforeAll(async () => {
  people = await issuer();
});
afterAll(() => people.close());

const inside = (path: string, port: number, Authentication: object = {}, extra: object = {}): object =>
  route(path, port, { Gateway: { Authentication }, ...extra });

const subject = pipelineStand((port) => ({
  Routes: [
    inside('/plain', port),
    inside('/opaque', port, {}, { Gateway: { Transfer: 'opaque' } }),
    inside('/coded', port, { CloseCode: 4003 }),
    inside('/renewed', port, { Renewal: { MessageType: 'auth.renew' } }),
    inside(
      '/owned/{user}',
      port,
      { Renewal: { MessageType: 'auth.renew' } },
      { RouteClaimsRequirement: { tenant: 'blue' } },
    ),
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
    Gateway: {
      Admin: { Port: 0 },
      Authentication: {
        Providers: { People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] } },
      },
    },
  },
}));

const nowSeconds = (): number => Date.now() / 1000;
const inSeconds = (seconds: number): number => Math.floor(nowSeconds()) + seconds;

let count = 0;
const somebody = (): string => `user-${(count += 1)}`;

function enter(way: SocketWay, path: string, claims: object): Promise<Opened> {
  return subject.enter(way, path, { Authorization: `Bearer ${people.token({ sub: 'ada', ...claims })}` });
}

/** The session of a subject, as the control address lists it. */
async function sessionOf(subjectName: string): Promise<string> {
  const { text } = await subject.control('GET', `/auth/sessions?subject=${subjectName}`);
  const { sessions } = JSON.parse(text) as { sessions: readonly { id: string }[] };
  expect(sessions).toHaveLength(1);
  return sessions[0]?.id ?? '';
}

describe.each(SOCKET_WAYS)('a socket by %s', (way) => {
  it.concurrent.each([
    ['/plain', 4401],
    ['/coded', 4003],
  ])('on %s ends with %i at the end of its token, not before and within a second (S27)', async (path, code) => {
    const exp = inSeconds(2);
    const client = await enter(way, path, { exp });
    client.say('in time');
    expect(await client.hear()).toBe('in time');
    expect((await client.close()).code).toBe(code);
    expect(nowSeconds()).toBeGreaterThanOrEqual(exp);
    expect(nowSeconds()).toBeLessThan(exp + 2);
    expect(await subject.line(client.id)).toMatchObject({
      code: 'OCELOT_ERR_TOKEN_EXPIRED',
      closedBy: 'gateway',
      closeCode: code,
    });
  });

  it.concurrent('whose bytes are not looked at ends at the end of its token as well', async () => {
    const exp = inSeconds(2);
    const client = await enter(way, '/opaque', { exp });
    await client.connection.ended;
    expect(nowSeconds()).toBeGreaterThanOrEqual(exp);
    expect(await subject.line(client.id)).toMatchObject({ code: 'OCELOT_ERR_TOKEN_EXPIRED' });
  });

  it.concurrent('stays open with a token of centuries, whose time no timer of 32 bits holds', async () => {
    const client = await enter(way, '/plain', { exp: 2 ** 40 });
    client.say('here');
    expect(await client.hear()).toBe('here');
  });

  it.concurrent('that renews its token by a message stays, and the message does not reach the backend', async () => {
    const sub = somebody();
    const exp = inSeconds(2);
    const client = await enter(way, '/renewed', { sub, exp });
    const later = inSeconds(600);
    client.say(JSON.stringify({ type: 'auth.renew', token: people.token({ sub, exp: later }) }));
    expect(JSON.parse(await client.hear())).toEqual({
      type: 'auth.renew',
      renewed: true,
      expiresAt: expect.stringContaining(new Date(later * 1000).toISOString().slice(0, 19)),
    });
    await new Promise((resolve) => setTimeout(resolve, (exp - nowSeconds() + 1.2) * 1000));
    client.say('still here');
    expect(await client.hear()).toBe('still here');
  });

  it.each([
    ['of somebody else', () => people.token({ sub: 'eve' })],
    ['by somebody else', () => people.forged({ sub: 'ada' })],
    ['that has expired', () => people.token({ sub: 'ada', exp: inSeconds(-60) })],
    ['that is none', () => 'x'],
    ['that is no text', () => 7],
  ])('keeps its token when it is sent one %s, and is told so', async (_what, token) => {
    const client = await enter(way, '/renewed', {});
    client.say(JSON.stringify({ type: 'auth.renew', token: token() }));
    expect(JSON.parse(await client.hear())).toMatchObject({
      type: 'auth.renew',
      renewed: false,
      reason: expect.any(String),
    });
    client.say('still here');
    expect(await client.hear()).toBe('still here');
  });

  it('keeps its token when the new one would not be let in by the route', async () => {
    const client = await enter(way, '/owned/ada', { tenant: 'blue' });
    client.say(JSON.stringify({ type: 'auth.renew', token: people.token({ sub: 'ada', tenant: 'red' }) }));
    expect(JSON.parse(await client.hear())).toMatchObject({ renewed: false });
  });

  it('lets messages of other types pass as they are', async () => {
    const client = await enter(way, '/renewed', {});
    for (const text of [
      '{"type":"auth.renewed","token":"x"}',
      '{"token":"auth.renew"}',
      'auth.renew',
      '{"type":["auth.renew"]}',
    ]) {
      client.say(text);
      expect(await client.hear()).toBe(text);
    }
  });

  it('is renewed by the control address', async () => {
    const sub = somebody();
    const client = await enter(way, '/plain', { sub, exp: inSeconds(60) });
    const id = await sessionOf(sub);
    const good = await subject.control('POST', `/auth/sessions/${id}/token`, { token: people.token({ sub }) });
    expect(good.status, `answer: ${good.text}`).toBeLessThan(300);
    const bad = await subject.control('POST', `/auth/sessions/${id}/token`, { token: people.forged({ sub }) });
    expect(bad.status, `answer: ${bad.text}`).toBeGreaterThanOrEqual(400);
    expect(bad.text).not.toContain('eyJ');
    client.say('here');
    expect(await client.hear()).toBe('here');
  });

  it.each([
    ['its subject', (sub: string) => ({ subject: sub })],
    ['its id', (sub: string) => ({ tokenId: `id-of-${sub}` })],
    ['a claim', (sub: string) => ({ claim: 'team', value: `team-of-${sub}` })],
  ])(
    'ends with 4401 when its token is revoked by %s, and cannot come again until that is taken back',
    async (_what, whom) => {
      const sub = somebody();
      const claims = { sub, jti: `id-of-${sub}`, team: ['x', `team-of-${sub}`] };
      const client = await enter(way, '/plain', claims);
      const other = await enter(way, '/plain', { sub: somebody() });
      const { status, text } = await subject.control('POST', '/auth/revocations', whom(sub));
      expect([status, JSON.parse(text)]).toEqual([201, expect.objectContaining({ closed: 1 })]);
      expect((await client.close()).code).toBe(4401);
      expect(await subject.line(client.id)).toMatchObject({ code: 'OCELOT_ERR_TOKEN_REVOKED', closeCode: 4401 });
      const bearer = { Authorization: `Bearer ${people.token(claims)}` };
      const again = await subject.reach(way, '/plain', bearer);
      expect(again.status).toBe(401);
      expect(await subject.line(again.id)).toMatchObject({ code: 'OCELOT_ERR_TOKEN_REVOKED', reason: 'revoked' });
      other.say('not me');
      expect(await other.hear()).toBe('not me');
      const { id } = JSON.parse(text) as { id: string };
      expect((await subject.control('DELETE', `/auth/revocations/${id}`)).status).toBeLessThan(300);
      await subject.enter(way, '/plain', bearer);
    },
  );

  it('of a newer token is spared by issuedBefore', async () => {
    const sub = somebody();
    const old = await enter(way, '/plain', { sub, iat: inSeconds(-600) });
    const young = await enter(way, '/plain', { sub, iat: inSeconds(-60) });
    const issuedBefore = new Date(inSeconds(-300) * 1000).toISOString();
    const { text } = await subject.control('POST', '/auth/revocations', { subject: sub, issuedBefore });
    expect(JSON.parse(text)).toMatchObject({ closed: 1 });
    expect((await old.close()).code).toBe(4401);
    young.say('here');
    expect(await young.hear()).toBe('here');
  });
});
