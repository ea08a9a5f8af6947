// Situation: one provider of signed tokens, and a route for each place where a token may be.
// Action: clients come over HTTP/1.1 and HTTP/2, for a request or a socket, with a good token, a bad one, an expired
//   one, none, and the same one twice.
// Expected: the status, the challenge (RFC 6750 §3, RFC 9110 §11.6.1), the code in the log, and what the backend gets.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { type Lines, pipelineStand, SOCKET_WAYS, type Way, WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

let people: Issuer;
beforeAll(async () => {
  people = await issuer();
});
afterAll(() => people.close());

const at = (name: string, port: number, ...In: string[]): object =>
  route(`/${name}`, port, { Gateway: { Authentication: { In } } });

const subject = pipelineStand((port) => ({
  Routes: [
    at('header', port, 'header'),
    at('own', port, 'header:X-Token'),
    at('cookie', port, 'cookie:session'),
    at('query', port, 'query:access_token'),
    at('subprotocol', port, 'subprotocol'),
    at('two', port, 'header', 'query:access_token'),
    route('/none', port, {
      Gateway: { Authentication: { In: ['header', 'cookie:session'], ForwardCredentials: 'none' } },
    }),
    route('/all', port, { Gateway: { Authentication: { In: ['query:access_token'], ForwardCredentials: 'all' } } }),
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
    Gateway: {
      Authentication: {
        Providers: { People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] } },
      },
    },
  },
}));

/** How a client says a token in each place: the path it asks for, and its headers. */
const PLACES: Readonly<Record<string, (token: string) => readonly [string, Lines]>> = {
  header: (token) => ['/header', { Authorization: `Bearer ${token}` }],
  own: (token) => ['/own', { 'X-Token': token }],
  cookie: (token) => ['/cookie', { Cookie: `theme=dark; session=${token}` }],
  query: (token) => [`/query?a=1&access_token=${token}&b=2`, {}],
  subprotocol: (token) => ['/subprotocol', { 'Sec-WebSocket-Protocol': `chat, bearer.${token}` }],
};

const EXPIRED = 'OCELOT_ERR_TOKEN_EXPIRED';
const REFUSED = 'OCELOT_ERR_UNAUTHENTICATED';

const TOKENS: Readonly<Record<string, { readonly token: () => string; readonly code: readonly string[] }>> = {
  'signed by somebody else': { token: () => people.forged({ sub: 'ada' }), code: [REFUSED] },
  'expired a minute ago': { token: () => people.token({ sub: 'ada', exp: now() - 60 }), code: [REFUSED, EXPIRED] },
  'not valid yet': { token: () => people.token({ sub: 'ada', nbf: now() + 60 }), code: [REFUSED] },
  'for another audience': { token: () => people.token({ sub: 'ada', aud: 'shop' }), code: [REFUSED] },
  'of another issuer': { token: () => people.token({ sub: 'ada', iss: 'https://evil.test' }), code: [REFUSED] },
  'without an expiry': { token: () => people.token({ sub: 'ada', exp: undefined }), code: [REFUSED] },
  'without a signature (RFC 7515 §6)': { token: () => unsigned({ sub: 'ada' }), code: [REFUSED] },
  'that is none': { token: () => 'abc', code: [REFUSED] },
};

const now = (): number => Math.floor(Date.now() / 1000);

function unsigned(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss: people.url, aud: 'gateway', exp: now() + 60, ...claims })}.`;
}

const waysOf = (place: string): readonly Way[] => (place === 'subprotocol' ? SOCKET_WAYS : WAYS);

const CASES = Object.keys(PLACES).flatMap((place) => waysOf(place).map((way) => [place, way] as const));

function say(place: string, token: string): readonly [string, Lines] {
  const found = PLACES[place];
  if (found === undefined) throw new Error(`no place ${place}`);
  return found(token);
}

describe.each(CASES)('a token in the place %s of a %s', (place, way) => {
  it('lets its owner in', async () => {
    const { id, status } = await subject.reach(way, ...say(place, people.token({ sub: 'ada' })));
    expect(status).toBe(way.startsWith('GET') ? 200 : 101);
    await subject.witness.seen(id);
  });

  it.each(Object.entries(TOKENS))(
    '%s is answered 401 with its error (RFC 6750 §3.1)',
    async (_what, { token, code }) => {
      const text = token();
      const reached = await subject.reach(way, ...say(place, text));
      expect(reached.status).toBe(401);
      expect(reached.get('www-authenticate')).toMatch(/^Bearer realm="People".*error="invalid_token"/);
      const line = await subject.line(reached.id);
      expect(line).toMatchObject({ status: 401 });
      expect(code).toContain(line['code']);
      expect(JSON.parse(reached.body)).toMatchObject({ status: 401, code: line['code'] });
      expect(subject.witness.has(reached.id)).toBe(false);
      if (text.length > 10) expect(subject.gateway.output().stderr).not.toContain(text);
    },
  );

  it('that is missing is answered 401 with a challenge without an error (RFC 6750 §3.1)', async () => {
    const [path] = say(place, '');
    const reached = await subject.reach(
      way,
      path.replace(/\?.*/, ''),
      place === 'subprotocol' ? { 'Sec-WebSocket-Protocol': 'chat' } : {},
    );
    expect(reached.status).toBe(401);
    expect(reached.get('www-authenticate')).toMatch(/^Bearer realm="People"/);
    expect(reached.get('www-authenticate')).not.toContain('error');
    expect(await subject.line(reached.id)).toMatchObject({ status: 401, code: REFUSED, reason: 'no-credentials' });
    expect(subject.witness.has(reached.id)).toBe(false);
  });
});

describe.each(WAYS)('of a token in a %s', (way) => {
  const bearer = (token: string): Lines => ({ Authorization: `Bearer ${token}` });

  it('in a header the backend gets it, as with Ocelot', async () => {
    const token = people.token({ sub: 'ada' });
    for (const place of ['header', 'own', 'cookie']) {
      const { id } = await subject.reach(way, ...say(place, token));
      expect(JSON.stringify((await subject.witness.seen(id)).headers), `for ${place}`).toContain(token);
    }
  });

  it('in the query the backend gets nothing, and the rest of the query as it was', async () => {
    const { id } = await subject.reach(way, ...say('query', people.token({ sub: 'ada' })));
    expect((await subject.witness.seen(id)).url).toBe('/query?a=1&b=2');
  });

  it('in the query the backend gets it where ForwardCredentials says all', async () => {
    const token = people.token({ sub: 'ada' });
    const { id } = await subject.reach(way, `/all?a=1&access_token=${token}`);
    expect((await subject.witness.seen(id)).url).toContain(`access_token=${token}`);
  });

  it('the backend gets nothing where ForwardCredentials says none, and its other cookies', async () => {
    const token = people.token({ sub: 'ada' });
    const first = await subject.reach(way, '/none', bearer(token));
    expect((await subject.witness.seen(first.id)).headers['authorization']).toBeUndefined();
    const second = await subject.reach(way, '/none', { Cookie: `a=1; session=${token}; b=2` });
    expect((await subject.witness.seen(second.id)).headers['cookie']).toBe('a=1; b=2');
  });

  it('a scheme in another case is the same (RFC 9110 §11.1)', async () => {
    const { status } = await subject.reach(way, '/header', { Authorization: `bEARER ${people.token({ sub: 'ada' })}` });
    expect(status).toBeLessThan(300);
  });

  it('another scheme is no token: 401 without an error (RFC 6750 §3.1)', async () => {
    const reached = await subject.reach(way, '/header', { Authorization: 'Basic YTpi' });
    expect(reached.status).toBe(401);
    expect(reached.get('www-authenticate')).not.toContain('error');
  });

  it('one that is there twice is answered 400 (RFC 6750 §2)', async () => {
    const token = people.token({ sub: 'ada' });
    const twice: readonly (readonly [string, Lines])[] = [
      [`/query?access_token=${token}&access_token=${token}`, {}],
      [`/two?access_token=${token}`, bearer(token)],
      ['/cookie', { Cookie: `session=${token}; session=${token}` }],
    ];
    for (const [path, headers] of twice) {
      const reached = await subject.reach(way, path, headers);
      expect(reached.status, `for ${path}`).toBe(400);
      expect(reached.get('www-authenticate')).toContain('error="invalid_request"');
      expect(await subject.line(reached.id)).toMatchObject({ status: 400, reason: 'several-credentials' });
      expect(subject.witness.has(reached.id)).toBe(false);
    }
  });
});

describe.each(['GET over HTTP/1.1', 'upgrade over HTTP/1.1'] as const)('of a %s', (way) => {
  it('two Authorization headers are answered 400 (RFC 6750 §2)', async () => {
    const bearer = `Bearer ${people.token({ sub: 'ada' })}`;
    const reached = await subject.reach(way, '/header', { Authorization: [bearer, bearer] });
    expect(reached.status).toBe(400);
    expect(subject.witness.has(reached.id)).toBe(false);
  });
});

describe.each(SOCKET_WAYS)('a token among the subprotocols of a %s', (way) => {
  const token = (): string => people.token({ sub: 'ada' });
  it.each([
    ['as bearer.TOKEN behind another', () => `chat, bearer.${token()}`, 'chat', 'chat'],
    ['as bearer.TOKEN before two others', () => `bearer.${token()}, chat, other`, 'chat, other', 'chat'],
    ['as a pair', () => `bearer, ${token()}, chat`, 'chat', 'chat'],
    ['as a pair alone: the answer is bearer', () => `bearer, ${token()}`, undefined, 'bearer'],
    ['in base64url', () => `chat, base64url.bearer.${Buffer.from(token()).toString('base64url')}`, 'chat', 'chat'],
  ])('%s: the backend is offered the others, and its choice is answered', async (_what, offer, offered, answered) => {
    const reached = await subject.reach(way, '/subprotocol', { 'Sec-WebSocket-Protocol': offer() });
    expect([reached.status, reached.get('sec-websocket-protocol')]).toEqual([101, answered]);
    expect((await subject.witness.seen(reached.id)).headers['sec-websocket-protocol']).toBe(offered);
  });

  it('alone: a client that offers nothing else is answered its own offer (RFC 6455 §4.1)', async () => {
    const offer = `bearer.${token()}`;
    const reached = await subject.reach(way, '/subprotocol', { 'Sec-WebSocket-Protocol': offer });
    expect([reached.status, reached.get('sec-websocket-protocol')]).toEqual([101, offer]);
    expect((await subject.witness.seen(reached.id)).headers['sec-websocket-protocol']).toBeUndefined();
  });

  it('twice is answered 400', async () => {
    const offers = { 'Sec-WebSocket-Protocol': `bearer.${token()}, bearer.${token()}` };
    expect((await subject.reach(way, '/subprotocol', offers)).status).toBe(400);
  });
});
