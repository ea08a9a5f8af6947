// Situation: providers of every type that needs no certificate, several of them on one route, in one ocelot.json with
//   Ocelot's old and new names.
// Action: clients of every kind come with what each provider accepts, with what it does not, and with nothing.
// Expected: the first that accepts counts, all of them challenge (RFC 9110 §11.6.1), an issuer that is away is a 503, and
//   nothing secret stands in the log.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { temporaryFolder } from '../../src/run-ocelot.js';
import { type Lines, pipelineStand, REQUEST_WAYS, SOCKET_WAYS, type Way, WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

const KEY = 'key-of-the-machine-0123456789';
/** As `htpasswd -nbB -C 5 alice "correct horse"` writes it. */
const HTPASSWD = 'alice:$2y$05$/eKTBMQla6FvjmsG548MnudtPoTwOKB9Zvlc4KFcejDj8pnTOxJ86';

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** What the issuer of opaque tokens says of each (RFC 7662 §2.2). */
const OPAQUE: Readonly<Record<string, readonly [number, string]>> = {
  active: [200, JSON.stringify({ active: true, sub: 'ada', scope: 'chat', exp: inSeconds(3600) })],
  expired: [200, JSON.stringify({ active: true, sub: 'ada', exp: inSeconds(-3600) })],
  inactive: [200, JSON.stringify({ active: false })],
  broken: [500, ''],
  nonsense: [200, '<html>'],
  wordy: [200, JSON.stringify({ active: 'true', sub: 'ada' })],
};

let people: Issuer;
let endpoint: Server;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const asked: { readonly authorization: string | undefined; readonly form: URLSearchParams }[] = [];

beforeAll(async () => {
  people = await issuer();
  folder = await temporaryFolder();
  await writeFile(join(folder.path, 'passwords'), `${HTPASSWD}\n`);
  endpoint = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      const form = new URLSearchParams(body);
      asked.push({ authorization: request.headers.authorization, form });
      const [status, text] = OPAQUE[form.get('token') ?? ''] ?? [200, '{"active":false}'];
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
    });
  });
  endpoint.listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
});
afterAll(async () => {
  endpoint.closeAllConnections();
  await new Promise((resolve) => endpoint.close(resolve));
  await Promise.all([people.close(), folder.remove()]);
});

const by = (...keys: string[]): object => ({ AuthenticationOptions: { AuthenticationProviderKeys: keys } });

const subject = pipelineStand(
  (port) => ({
    Routes: [
      route('/basic', port, by('Staff')),
      route('/key', port, by('Machines')),
      route('/opaque', port, by('Opaque')),
      route('/any', port, by('Staff', 'Machines', 'Opaque')),
      // Ocelot: the single old key is tried first, then the list.
      route('/old', port, { AuthenticationOptions: { AuthenticationProviderKey: 'Machines' } }),
      route('/old-and-new', port, {
        AuthenticationOptions: { AuthenticationProviderKey: 'Machines', AuthenticationProviderKeys: ['Staff'] },
      }),
      route('/open', port, { AuthenticationOptions: { AllowAnonymous: true, AuthenticationProviderKeys: ['Staff'] } }),
      route('/grouped', port, { Key: 'grouped' }),
      route('/grouped/open', port, { Key: 'grouped-open', AuthenticationOptions: { AllowAnonymous: true } }),
      route('/alone', port, { Key: 'alone' }),
    ],
    GlobalConfiguration: {
      RequestIdKey: 'X-Request-Id',
      AuthenticationOptions: { AuthenticationProviderKeys: ['People'], RouteKeys: ['grouped', 'grouped-open'] },
      Gateway: {
        Authentication: {
          Providers: {
            People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] },
            Staff: { Type: 'Basic', PasswordFile: join(folder.path, 'passwords'), Realm: 'the office' },
            Machines: {
              Type: 'ApiKey',
              Keys: [
                { Name: 'robot', Sha256: createHash('sha256').update(KEY).digest('hex'), Claims: { scope: 'chat' } },
                {
                  Name: 'scrap',
                  Sha256: createHash('sha256').update(`${KEY}-old`).digest('hex'),
                  Expires: '2020-01-31T00:00:00Z',
                },
              ],
            },
            Opaque: {
              Type: 'introspection',
              Url: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/introspect`,
              ClientId: 'gate:way',
              ClientSecretEnv: 'OPAQUE_SECRET',
            },
          },
        },
      },
    },
  }),
  [],
  { OPAQUE_SECRET: 's e+cret' },
);

const basic = (pair: string): Lines => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const bearer = (token: string): Lines => ({ Authorization: `Bearer ${token}` });
const isIn = (way: Way): number => (way.startsWith('GET') ? 200 : 101);

const WELL: readonly (readonly [string, string, Lines])[] = [
  ['a name with its password (RFC 7617)', '/basic', basic('alice:correct horse')],
  ['a scheme in another case (RFC 9110 §11.1)', '/basic', { Authorization: `bAsIc ${btoa('alice:correct horse')}` }],
  ['a key', '/key', { 'X-Api-Key': KEY }],
  ['an opaque token that is active (RFC 7662 §2.2)', '/opaque', bearer('active')],
  ['what the first of several accepts', '/any', basic('alice:correct horse')],
  ['what the second of several accepts', '/any', { 'X-Api-Key': KEY }],
  ['what the last of several accepts', '/any', bearer('active')],
  ['a key of one provider beside a wrong password of another', '/any', { ...basic('alice:wrong'), 'X-Api-Key': KEY }],
  ['what AuthenticationProviderKey names', '/old', { 'X-Api-Key': KEY }],
  ['what AuthenticationProviderKey names beside a list', '/old-and-new', { 'X-Api-Key': KEY }],
  ['what the list beside AuthenticationProviderKey names', '/old-and-new', basic('alice:correct horse')],
  ['nothing at all where AllowAnonymous opens the route', '/open', {}],
  ['nothing at all where AllowAnonymous stands against the global section', '/grouped/open', {}],
  ['nothing at all on a route that RouteKeys leaves out', '/alone', {}],
];

const BAD: readonly (readonly [string, string, Lines, number, RegExp])[] = [
  ['no name and password', '/basic', {}, 401, /^Basic realm="the office"/],
  ['a wrong password', '/basic', basic('alice:correct horse '), 401, /^Basic realm="the office"/],
  ['an unknown name', '/basic', basic('bob:correct horse'), 401, /^Basic realm="the office"/],
  ['a name without a colon (RFC 7617 §2)', '/basic', basic('alice'), 400, /^Basic realm="the office"/],
  ['what is no base64', '/basic', { Authorization: 'Basic %%%' }, 400, /^Basic realm="the office"/],
  ['an unknown key', '/key', { 'X-Api-Key': `${KEY}0` }, 401, /realm="Machines"/],
  ['a key that ended', '/key', { 'X-Api-Key': `${KEY}-old` }, 401, /realm="Machines"/],
  ['an empty key', '/key', { 'X-Api-Key': '' }, 401, /realm="Machines"/],
  [
    'an opaque token that is not active',
    '/opaque',
    bearer('inactive'),
    401,
    /^Bearer realm="Opaque".*error="invalid_token"/,
  ],
  [
    'an opaque token that the issuer calls active and expired',
    '/opaque',
    bearer('expired'),
    401,
    /error="invalid_token"/,
  ],
  ['an answer whose "active" is no boolean', '/opaque', bearer('wordy'), 503, /^$/],
  ['an issuer that fails', '/opaque', bearer('broken'), 503, /^$/],
  ['an issuer that answers no JSON', '/opaque', bearer('nonsense'), 503, /^$/],
  ['nothing on a route with the old name', '/old', {}, 401, /realm="Machines"/],
  ['nothing where the global section asks', '/grouped', {}, 401, /^Bearer realm="People"/],
];

describe.each(WAYS)('a %s', (way) => {
  it.each(WELL)('with %s gets in', async (_what, path, headers) => {
    const reached = await subject.reach(way, path, headers);
    expect(reached.status, `answer: ${reached.body}`).toBe(isIn(way));
  });

  it.each(BAD)('with %s does not', async (_what, path, headers, status, challenge) => {
    const reached = await subject.reach(way, path, headers);
    expect([reached.status, reached.all('www-authenticate').join(', ')]).toEqual([
      status,
      expect.stringMatching(challenge),
    ]);
    const code = status < 500 ? /^OCELOT_ERR_(?:UNAUTHENTICATED|TOKEN_EXPIRED)$/ : /^OCELOT_ERR_IDENTITY_UNAVAILABLE$/;
    expect(await subject.line(reached.id)).toMatchObject({ status, code: expect.stringMatching(code) });
    expect(subject.witness.has(reached.id)).toBe(false);
  });

  it('without credentials is challenged by each provider, in their order (RFC 9110 §11.6.1)', async () => {
    const reached = await subject.reach(way, '/any');
    expect(reached.all('www-authenticate').join(', ')).toMatch(
      /^Basic realm="the office".*, .*realm="Machines".*, Bearer realm="Opaque"/,
    );
  });

  it('with the header of a key twice is answered 400', async () => {
    const reached = await subject.reach(way, '/key', { 'X-Api-Key': [KEY, KEY] });
    expect(reached.status).toBe(400);
  });
});

describe('OPTIONS', () => {
  it.each(REQUEST_WAYS)('by %s passes without credentials, as with Ocelot (CORS preflight)', async (way) => {
    const { status, id } = await subject.reach(way, '/basic', {}, 'OPTIONS');
    expect(status).toBe(200);
    expect((await subject.witness.seen(id)).method).toBe('OPTIONS');
  });
});

describe('the issuer of opaque tokens', () => {
  it('is told who asks, each part form-encoded (RFC 6749 §2.3.1), and which token is meant (RFC 7662 §2.1)', () => {
    const [first] = asked;
    const [user, password] = Buffer.from(String(first?.authorization).replace('Basic ', ''), 'base64')
      .toString()
      .split(':');
    expect([user, password]).toEqual(['gate%3Away', 's+e%2Bcret']);
    expect(first?.form.get('token')).toBe('active');
  });

  it('is asked once about a token that it accepted, while CacheSeconds lasts', () => {
    expect(asked.filter(({ form }) => form.get('token') === 'active')).toHaveLength(1);
  });
});

describe('the log', () => {
  it('holds no password, no key, no token and no secret', () => {
    const { stderr } = subject.gateway.output();
    for (const secret of ['correct horse', KEY, 's e+cret', btoa('alice:correct horse')])
      expect(stderr).not.toContain(secret);
  });

  it('tells of each socket how it was let in or refused', async () => {
    for (const way of SOCKET_WAYS) {
      const { id } = await subject.reach(way, '/basic', basic('alice:wrong'));
      expect(await subject.line(id)).toMatchObject({ msg: 'upgrade refused', route: '/basic', provider: 'Staff' });
    }
  });
});
