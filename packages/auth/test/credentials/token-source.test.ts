import { afterEach, describe, expect, it } from 'vitest';

import { createTokenSource } from '../../src/credentials/token-source.js';
import type { AuthFailure } from '../../src/providers/auth-failure.js';
import { OptionReader } from '../../src/providers/option-reader.js';
import type { CredentialSource } from '../../src/providers/provider.js';
import { throughGateway } from '../admitted-exchange.js';
import { issuesOf, ProviderStand, reasonOf } from '../provider-stand.js';

const stand = new ProviderStand();
afterEach(() => stand.close());

function source(options: Readonly<Record<string, string | readonly string[] | object>>): CredentialSource {
  const reader = new OptionReader(options as OptionReader['options'], 'ocelot.json#/P');
  return createTokenSource({ kind: 'bearer', defaultPlaces: ['header'] }, reader);
}

const EVERYWHERE = source({ In: ['header', 'header:X-Token', 'cookie:session', 'query:access_token', 'subprotocol'] });

describe('where a token is found', () => {
  it.each([
    ['Authorization (RFC 6750 §2.1)', { headers: ['Authorization', 'Bearer abc'] }, 'header'],
    ['Authorization with another case', { headers: ['authorization', 'bEARER   abc '] }, 'header'],
    ['a header of its own', { headers: ['x-token', 'abc'] }, 'header:X-Token'],
    ['a header of its own with a scheme', { headers: ['X-Token', 'Bearer abc'] }, 'header:X-Token'],
    ['a cookie', { headers: ['Cookie', 'a=1; session=abc'] }, 'cookie:session'],
    ['a cookie of a second line', { headers: ['Cookie', 'a=1', 'cookie', 'session="abc"'] }, 'cookie:session'],
    ['a query parameter (RFC 6750 §2.3)', { target: '/chat?x=1&access_token=abc' }, 'query:access_token'],
    ['a query parameter of plain HTTP', { kind: 'http', target: '/?access_token=abc' }, 'query:access_token'],
    ['a subprotocol', { protocols: ['chat', 'bearer.abc'] }, 'subprotocol'],
    ['a pair of subprotocols', { protocols: ['bearer', 'abc'] }, 'subprotocol'],
  ] as const)('finds it in %s', async (_, shape, place) => {
    expect((await throughGateway(EVERYWHERE, shape)).found).toEqual({ kind: 'bearer', token: 'abc', place });
  });

  it.each([
    ['no credentials', {}],
    ['another scheme', { headers: ['Authorization', 'Basic YTpi'] }],
    ['a scheme without a token', { headers: ['Authorization', 'Bearer '] }],
    ['a scheme that begins alike', { headers: ['Authorization', 'Bearerabc'] }],
    ['a subprotocol header of plain HTTP', { kind: 'http', headers: ['Sec-WebSocket-Protocol', 'bearer.abc'] }],
    ['an empty parameter', { target: '/?access_token=' }],
  ] as const)('finds nothing in a request with %s', async (_, shape) => {
    expect(await throughGateway(EVERYWHERE, shape)).toMatchObject({ found: undefined, error: undefined });
  });

  it.each([
    ['two Authorization headers', { headers: ['Authorization', 'Bearer a', 'Authorization', 'Bearer b'] }],
    ['two with other schemes', { headers: ['Authorization', 'Basic YTpi', 'authorization', 'Bearer b'] }],
    ['two query parameters', { target: '/?access_token=a&access_token=a' }],
    ['two spellings of a parameter', { target: '/?access_token=a&access%5ftoken=b' }],
    ['two cookies', { headers: ['Cookie', 'session=a; session=b'] }],
    ['two subprotocols', { protocols: ['bearer.a', 'bearer.b'] }],
    ['a header and a parameter', { headers: ['Authorization', 'Bearer a'], target: '/?access_token=a' }],
    ['a cookie and a subprotocol', { headers: ['Cookie', 'session=a'], protocols: ['bearer', 'b'] }],
  ] as const)('refuses %s as an invalid request (RFC 6750 §2)', async (_, shape) => {
    const { found, error } = await throughGateway(EVERYWHERE, shape);
    expect(found).toBeUndefined();
    expect(error).toMatchObject({ reason: 'several-credentials', error: 'invalid_request' });
    expect((error as AuthFailure).message).not.toContain('a=');
  });
});

describe('what the backend gets of it', () => {
  const HEADERS = ['Authorization', 'Bearer abc', 'Cookie', 'a=1; session=x; b', 'X-Token', 't'] as const;

  it('gets headers and cookies as they are, and no query parameter, as far as nothing else is said', async () => {
    const { target, headers } = await throughGateway(EVERYWHERE, {
      headers: HEADERS,
      target: '/chat?a=%2F&access_token=abc&b=1',
    });
    expect(target).toBe('/chat?a=%2F&b=1');
    expect(headers).toMatchObject({ authorization: 'Bearer abc', cookie: 'a=1; session=x; b', 'x-token': 't' });
  });

  it('gets nothing with ForwardCredentials none', async () => {
    const none = source({
      In: ['header', 'header:X-Token', 'cookie:session', 'query:access_token'],
      ForwardCredentials: 'none',
    });
    const { target, headers } = await throughGateway(none, { headers: HEADERS, target: '/chat?access_token=abc' });
    expect(target).toBe('/chat');
    expect(headers['cookie']).toBe('a=1; b');
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('x-token');
  });

  it('keeps Authorization of a scheme that is not the provider’s', async () => {
    const none = source({ ForwardCredentials: 'none' });
    const { headers } = await throughGateway(none, { headers: ['Authorization', 'Basic YTpi'] });
    expect(headers['authorization']).toBe('Basic YTpi');
  });

  it('gets query parameters too with ForwardCredentials all', async () => {
    const all = source({ In: ['query:access_token'], ForwardCredentials: 'ALL' });
    expect((await throughGateway(all, { target: '/chat?access_token=abc' })).target).toBe('/chat?access_token=abc');
  });

  it('is offered the other subprotocols only, in their order', async () => {
    const outcome = await throughGateway(EVERYWHERE, { protocols: ['v2', 'bearer.abc', 'v1'] });
    expect(outcome.headers['sec-websocket-protocol']).toBe('v2, v1');
    expect(outcome.answerProtocol).toBeUndefined();
  });

  it.each([
    [['bearer.abc'], 'bearer.abc'],
    [['bearer', 'abc'], 'bearer'],
  ])(
    'is offered none where %j is all that there was; the client is told %j (RFC 6455 §4.1)',
    async (protocols, told) => {
      const outcome = await throughGateway(EVERYWHERE, { protocols });
      expect(outcome.headers).not.toHaveProperty('sec-websocket-protocol');
      expect(outcome.answerProtocol).toBe(told);
    },
  );

  it('gets no token of a subprotocol even where credentials are forwarded', async () => {
    const all = source({ In: ['subprotocol:bearer.'], ForwardCredentials: 'all' });
    const { headers } = await throughGateway(all, { protocols: ['chat', 'bearer.abc'] });
    expect(headers['sec-websocket-protocol']).toBe('chat');
  });
});

describe('a route that says otherwise', () => {
  const provider = createTokenSource(
    { kind: 'bearer', defaultPlaces: ['header'] },
    new OptionReader({ ForwardCredentials: 'none' }, 'ocelot.json#/P'),
  );

  it('is the provider’s own source where it says nothing of places', () => {
    expect(provider.forRoute({ CloseCode: 4000 }, 'ocelot.json#/R')).toBeUndefined();
  });

  it('looks where the route says, and keeps what it does not say', async () => {
    const route = provider.forRoute({ In: ['query:t', 'header'] }, 'ocelot.json#/R') as CredentialSource;
    const outcome = await throughGateway(route, { target: '/?t=abc' });
    expect(outcome.found).toMatchObject({ token: 'abc' });
    const header = await throughGateway(route, { headers: ['Authorization', 'Bearer abc'] });
    expect(header.headers).not.toHaveProperty('authorization');
  });

  it('is refused with its own place when it names a place that is none', async () => {
    const work = (): unknown => provider.forRoute({ In: ['header', 'body'] }, 'ocelot.json#/R');
    expect(await issuesOf(work)).toEqual([
      'ocelot.json#/R/In/1: In holds a place that is not known, or has no fit name.',
    ]);
  });
});

describe('In', () => {
  it.each(['body', 'cookie', 'query:', 'header:a b', 'cookie:a=b', 'subprotocol:a b'])('refuses %j', async (place) => {
    expect(await issuesOf(() => source({ In: [place] }))).toHaveLength(1);
  });

  it('takes one text for a list of one', async () => {
    const one = source({ In: 'query:t' });
    expect((await throughGateway(one, { target: '/?t=x' })).found).toMatchObject({ token: 'x' });
  });
});

describe('a token in the first message', () => {
  const text = (data: string) => ({ type: 'text', data: Buffer.from(data) }) as const;
  const graphql = source({
    In: ['subprotocol', 'message:payload.authorization', 'message:payload.Authorization'],
    Message: { Subprotocols: ['graphql-transport-ws'], TimeoutMs: 500 },
  }).firstMessage;
  const plain = source({ In: ['message'] }).firstMessage;
  const upgrade = (protocols: readonly string[]) =>
    ({ protocols }) as Parameters<NonNullable<typeof plain>['options']>[0];

  it('is not asked for where no such place is listed', () => {
    expect(EVERYWHERE.firstMessage).toBeUndefined();
  });

  it('is a member of a JSON message, with or without Bearer (graphql-ws connection_init)', () => {
    for (const authorization of ['Bearer abc', 'abc', ' bearer  abc ']) {
      const message = JSON.stringify({ type: 'connection_init', payload: { authorization } });
      expect(graphql?.read(text(message))).toEqual({ kind: 'bearer', token: 'abc', place: 'message' });
    }
  });

  it('is the whole message', () => {
    expect(plain?.read(text('abc\n'))).toMatchObject({ token: 'abc' });
    expect(plain?.read({ type: 'binary', data: Buffer.from('abc') })).toMatchObject({ token: 'abc' });
  });

  it.each([
    '{}',
    '[]',
    'null',
    '{"payload":"abc"}',
    '{"payload":{"authorization":1}}',
    '{"payload":{"authorization":""}}',
  ])('is not there in %s', (message) => {
    expect(graphql?.read(text(message))).toBeUndefined();
  });

  it('is not looked for on prototypes', () => {
    const proto = source({ In: ['message:constructor.name'] }).firstMessage;
    expect(proto?.read(text('{}'))).toBeUndefined();
  });

  it('refuses a message that is no JSON, or no UTF-8, without quoting it', async () => {
    expect(await reasonOf(() => graphql?.read(text('Bearer abc')))).toBe('message-unreadable');
    expect(await reasonOf(() => plain?.read({ type: 'binary', data: Buffer.from([0xff]) }))).toBe('message-unreadable');
  });

  it('refuses a message with two tokens', async () => {
    const message = '{"payload":{"authorization":"a","Authorization":"b"}}';
    expect(await reasonOf(() => graphql?.read(text(message)))).toBe('several-credentials');
  });

  it('tells the client the first of the listed subprotocols that it offers, never a token', () => {
    expect(graphql?.options(upgrade(['bearer.abc', 'other', 'graphql-transport-ws']))).toEqual({
      subprotocol: 'graphql-transport-ws',
      timeoutMs: 500,
      maxBytes: 65_536,
      forward: true,
    });
    expect(graphql?.options(upgrade(['bearer.abc', 'other']))).toMatchObject({ subprotocol: undefined });
  });

  it('tells the client its first offer where none are listed, and keeps a message that is the token', () => {
    expect(plain?.options(upgrade(['a', 'b']))).toMatchObject({ subprotocol: 'a', forward: false, timeoutMs: 10_000 });
    expect(plain?.options(upgrade([]))).toMatchObject({ subprotocol: undefined });
  });
});
