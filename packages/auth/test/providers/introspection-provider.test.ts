import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { JsonObject } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Provider } from '../../src/providers/provider.js';
import { failureOf, issuesOf, ProviderStand, reasonOf, START, START_MS, verifyToken } from '../provider-stand.js';
import { json } from '../test-issuer.js';

// A real introspection endpoint on loopback; only time is fake.

interface Call {
  readonly form: URLSearchParams;
  readonly authorization: string | undefined;
  readonly response: ServerResponse;
}

let server: Server;
let stand: ProviderStand;
let calls: Call[];
/** What the endpoint says of each token; without an entry it is not active. */
let tokens: Map<string, JsonObject>;
/** When set, answers in place of the usual. */
let answer: ((call: Call) => void) | undefined;

beforeEach(async () => {
  stand = new ProviderStand();
  calls = [];
  tokens = new Map([['good', { active: true, sub: 'alice', scope: 'read write', exp: START + 600, jti: 'j1' }]]);
  answer = undefined;
  server = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => {
      const call = { form: new URLSearchParams(body), authorization: request.headers.authorization, response };
      calls.push(call);
      if (answer !== undefined) answer(call);
      else json(response, tokens.get(call.form.get('token') ?? '') ?? { active: false });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  await stand.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function provider(options: JsonObject = {}): Promise<Provider> {
  const Url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect?x=1`;
  const ClientSecretFile = await stand.file('secret', 's:cret é\n');
  return stand.provider({ Type: 'Introspection', Url, ClientId: 'gate way', ClientSecretFile, ...options });
}

describe('an active token', () => {
  it('is asked about as RFC 7662 §2.1 says, and its claims are those of the answer', async () => {
    const identity = await verifyToken(await provider(), 'good');
    expect(identity).toMatchObject({ provider: 'main', subject: 'alice', tokenId: 'j1' });
    expect(identity.expiresAtMs).toBe(START_MS + 600_000);
    expect(identity.claims).toMatchObject({ scope: ['read write'] });
    expect(identity.claims).not.toHaveProperty('active');
    expect(calls[0]?.form.toString()).toBe('token=good&token_type_hint=access_token');
  });

  it('is asked about in the gateway’s name, both halves form-encoded (RFC 6749 §2.3.1)', async () => {
    await verifyToken(await provider(), 'good');
    const pair = Buffer.from(calls[0]?.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    expect(pair).toBe('gate+way:s%3Acret+%C3%A9');
  });

  it('is asked about with the secret that stands in its file now', async () => {
    const ClientSecretFile = await stand.file('client', 'one\n');
    const main = await provider({ ClientSecretFile, ClientAuthentication: 'post', CacheSeconds: 0 });
    await verifyToken(main, 'good');
    await stand.file('client', 'another\n');
    stand.clock.advance(2000);
    await verifyToken(main, 'good');
    expect(calls.map(({ form }) => form.get('client_secret'))).toEqual(['one', 'another']);
  });

  it('is asked about with the secret in the form where the endpoint wants that', async () => {
    await verifyToken(await provider({ ClientAuthentication: 'post' }), 'good');
    expect(calls[0]?.authorization).toBeUndefined();
    expect(calls[0]?.form.get('client_secret')).toBe('s:cret é');
  });

  it('is asked about once for all who show it at the same time', async () => {
    const main = await provider();
    await Promise.all(Array.from({ length: 30 }, () => verifyToken(main, 'good')));
    expect(calls).toHaveLength(1);
  });

  it('is remembered for CacheSeconds, without a promise', async () => {
    const main = await provider({ CacheSeconds: 60 });
    await verifyToken(main, 'good');
    const context = { signal: new AbortController().signal };
    expect(main.verify({ kind: 'bearer', token: 'good', place: 'header' }, context)).toMatchObject({
      subject: 'alice',
    });
    stand.clock.advance(60_001);
    await verifyToken(main, 'good');
    expect(calls).toHaveLength(2);
  });

  it('ends at an exp that is written as text', async () => {
    tokens.set('texts', { active: true, sub: 'alice', exp: `${START + 600}` });
    expect((await verifyToken(await provider(), 'texts')).expiresAtMs).toBe(START_MS + 600_000);
  });

  it('is not remembered beyond its exp', async () => {
    tokens.set('short', { active: true, exp: START + 10 });
    const main = await provider({ CacheSeconds: 3600 });
    await verifyToken(main, 'short');
    stand.clock.advance(10_001);
    tokens.set('short', { active: false });
    expect(await reasonOf(() => verifyToken(main, 'short'))).toBe('inactive');
  });

  it('is not remembered with CacheSeconds 0', async () => {
    const main = await provider({ CacheSeconds: 0 });
    await verifyToken(main, 'good');
    await verifyToken(main, 'good');
    expect(calls).toHaveLength(2);
  });

  it('makes others be forgotten when CacheEntries are used up', async () => {
    const main = await provider({ CacheEntries: 1 });
    tokens.set('other', { active: true });
    await verifyToken(main, 'good');
    await verifyToken(main, 'other');
    await verifyToken(main, 'good');
    expect(calls).toHaveLength(3);
  });

  it('is asked about anew in a recheck, and forgotten once it is revoked', async () => {
    const main = await provider();
    await verifyToken(main, 'good');
    tokens.clear();
    const credentials = { kind: 'bearer', token: 'good', place: 'header' } as const;
    const { signal } = new AbortController();
    expect(await reasonOf(() => main.verify(credentials, { signal, isRecheck: true }))).toBe('inactive');
    expect(await reasonOf(() => main.verify(credentials, { signal }))).toBe('inactive');
  });
});

describe('a token that is refused', () => {
  it.each([
    ['is not active', { active: false }, 'inactive'],
    ['is not active, whatever else is said', { active: false, sub: 'root', exp: START + 9 }, 'inactive'],
    ['is expired although the endpoint calls it active', { active: true, exp: START - 6 }, 'expired'],
    ['is expired by a time that is written as text', { active: true, exp: `${START - 6}` }, 'expired'],
    ['is not valid yet by a time that is written as text', { active: true, nbf: `${START + 60}` }, 'not-yet-valid'],
    ['ends at a time that nobody can read', { active: true, exp: '2030-01-31T12:00:00Z' }, 'claim'],
    ['is not valid yet', { active: true, nbf: START + 6 }, 'not-yet-valid'],
    ['is of another issuer', { active: true, iss: 'other', aud: 'gateway', sub: 'a' }, 'issuer'],
    ['is for another audience', { active: true, iss: 'us', aud: ['x', 'y'], sub: 'a' }, 'audience'],
    ['lacks a required claim', { active: true, iss: 'us', aud: 'gateway' }, 'claim-missing'],
  ])('%s', async (_, said, reason) => {
    tokens.set('bad', said);
    const main = await provider({ Issuer: 'us', Audience: ['gateway'], RequiredClaims: ['sub'] });
    expect(await failureOf(() => verifyToken(main, 'bad'))).toMatchObject({ reason, isUnavailable: false });
  });
});

describe('an endpoint that cannot say', () => {
  it.each([
    ['knows no such client', ({ response }: Call) => response.writeHead(401).end()],
    ['fails', ({ response }: Call) => response.writeHead(503).end()],
    ['cuts the connection', ({ response }: Call) => response.destroy()],
    ['says nothing about being active', ({ response }: Call) => json(response, { sub: 'alice' })],
    ['says so with a text', ({ response }: Call) => json(response, { active: 'true' })],
    ['sends no JSON', ({ response }: Call) => response.end('good')],
    ['sends too much', ({ response }: Call) => json(response, { active: true, pad: 'x'.repeat(5000) })],
    ['redirects', ({ response }: Call) => response.writeHead(307, { location: '/' }).end()],
  ])('since it %s, makes tokens uncheckable; it is told of once, and when it is over', async (_, act) => {
    answer = act;
    const main = await provider({ MaxDocumentBytes: 4096 });
    for (let round = 0; round < 2; round += 1) {
      const failure = await failureOf(() => verifyToken(main, 'good'));
      expect(failure).toMatchObject({ reason: 'introspection-unavailable', isUnavailable: true });
    }
    answer = undefined;
    await verifyToken(main, 'good');
    expect(stand.events).toMatchObject([
      { type: 'dependency.changed', name: 'introspection', isUp: false },
      { type: 'dependency.changed', name: 'introspection', isUp: true },
    ]);
    expect(JSON.stringify(stand.lines)).not.toMatch(/good|cret/);
  });

  it('is given up after TimeoutMs', async () => {
    answer = () => {};
    const main = await provider({ TimeoutMs: 200 });
    const failure = failureOf(() => verifyToken(main, 'good'));
    await expect.poll(() => calls.length).toBe(1);
    stand.clock.advance(201);
    expect(await failure).toMatchObject({ isUnavailable: true });
  });

  it('gets MaxConcurrent calls at a time; twenty times as many wait, more are uncheckable at once', async () => {
    answer = () => {};
    const main = await provider({ MaxConcurrent: 2 });
    const all = Array.from({ length: 45 }, async (_, index) => reasonOf(() => verifyToken(main, `t-${index}`)));
    expect(await Promise.race(all)).toBe('overloaded');
    await expect.poll(() => calls.length).toBe(2);
    answer = ({ response }) => json(response, { active: false });
    for (const { response } of calls) json(response, { active: false });
    const reasons = await Promise.all(all);
    expect(reasons.filter((reason) => reason === 'overloaded')).toHaveLength(3);
    expect(reasons.filter((reason) => reason === 'inactive')).toHaveLength(42);
  });
});

it.each([
  [{ Url: undefined }, 'P/Url: Url is missing'],
  [{ Url: 'http://issuer.example/' }, 'P/Url: Url must be an https URL'],
  [{ ClientId: undefined }, 'P/ClientId: ClientId is missing'],
  [{ ClientSecretFile: undefined }, 'P/ClientSecret: ClientSecret is missing'],
  [{ ClientSecretEnv: 'OCELOT_NOT_SET' }, 'P/ClientSecretEnv: ClientSecretEnv stands beside ClientSecretFile'],
])('refuses the options %j', async (options, issue) => {
  expect((await issuesOf(() => provider(options)))[0]).toContain(issue);
});
