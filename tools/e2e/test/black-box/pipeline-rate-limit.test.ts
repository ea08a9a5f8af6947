// Situation: routes with Ocelot's RateLimitOptions, in their new and old names, for requests and sockets over HTTP/1.1
//   and HTTP/2.
// Action: clients come as often as they may, once more, without a name, and all at once.
// Expected: Ocelot's statuses, texts and headers, on the 101 too; who is refused never reaches the backend.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { type Lines, pipelineStand, type Reached, type Way, WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

let people: Issuer;
beforeAll(async () => {
  people = await issuer();
});
afterAll(() => people.close());

const limited = (path: string, port: number, RateLimitOptions: object, extra: object = {}): object =>
  route(path, port, { RateLimitOptions, ...extra });
const by = (...By: string[]): object => ({ Gateway: { RateLimit: { By } } });

const subject = pipelineStand((port) => ({
  Routes: [
    limited('/plain', port, { Limit: 2, Period: '1h' }),
    limited('/other', port, { Limit: 2, Period: '1h' }),
    limited('/named', port, { Limit: 1, Period: '1h', ClientIdHeader: 'X-Name', ClientWhitelist: ['friend', 'a b'] }),
    limited('/silent', port, { Limit: 1, Period: '1h', EnableHeaders: false }),
    limited('/texts', port, { Limit: 1, Period: '1.5h', StatusCode: 503, QuotaMessage: 'only {0} in {1}: {0}' }),
    limited('/waiting', port, { Limit: 1, Period: '1m', Wait: '2h' }),
    limited('/short', port, { Limit: 1, Period: '400ms' }),
    limited('/off', port, { Limit: 1, Period: '1h', EnableRateLimiting: false }),
    limited('/ip', port, { Limit: 1, Period: '1h' }, by('header', 'ip')),
    limited('/cookie', port, { Limit: 1, Period: '1h' }, by('cookie:who')),
    limited('/query', port, { Limit: 1, Period: '1h' }, by('query:who')),
    limited('/crowd', port, { Limit: 3, Period: '1h' }),
    limited(
      '/subject',
      port,
      { Limit: 1, Period: '1h' },
      {
        AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
        ...by('subject'),
      },
    ),
    limited(
      '/claim',
      port,
      { Limit: 1, Period: '1h' },
      {
        AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
        ...by('claim:tenant'),
      },
    ),
    // The names of Ocelot up to 24.
    limited('/old', port, {
      ClientWhitelist: [],
      EnableRateLimiting: true,
      Period: '1s',
      PeriodTimespan: 3600,
      Limit: 1,
      ClientIdHeader: 'ClientId',
      HttpStatusCode: 418,
      QuotaExceededMessage: 'Customize Tips!',
      RateLimitCounterPrefix: 'ocelot',
      DisableRateLimitHeaders: false,
    }),
    limited('/old/silent', port, { Period: '1h', Limit: 1, DisableRateLimitHeaders: true }),
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    Gateway: {
      Admin: { Port: 0 },
      Telemetry: { Prometheus: true },
      Authentication: {
        Providers: { People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] } },
      },
    },
  },
}));

const isIn = (way: Way): number => (way.startsWith('GET') ? 200 : 101);
let count = 0;
/** Somebody that no counter knows. */
const stranger = (): string => `client-${(count += 1)}`;

async function refused(reached: Reached, status = 429): Promise<void> {
  expect(reached.status).toBe(status);
  expect(subject.witness.has(reached.id)).toBe(false);
  expect(await subject.line(reached.id)).toMatchObject({ status, code: 'OCELOT_ERR_RATE_LIMITED' });
}

describe.each(WAYS)('a %s', (way) => {
  const come = (path: string, headers: Lines = {}): Promise<Reached> => subject.reach(way, path, headers);

  it('within the limit passes and is told about it, and the next one is answered 429 with Ocelot’s text', async () => {
    const headers = { 'Oc-Client': stranger() };
    for (const remaining of ['1', '0']) {
      const passed = await come('/plain', headers);
      expect(passed.status).toBe(isIn(way));
      expect([passed.get('x-ratelimit-limit'), passed.get('x-ratelimit-remaining')]).toEqual(['2', remaining]);
      const reset = passed.get('x-ratelimit-reset') ?? '';
      expect(reset).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
      expect(Date.parse(reset)).toBeGreaterThan(Date.now() + 3_500_000);
    }
    const next = await come('/plain', headers);
    await refused(next);
    expect(next.body).toBe('API calls quota exceeded! Maximum admitted 2 per 1h.');
    expect(next.get('content-type')).toMatch(/^text\/plain/);
    expect(Number(next.get('retry-after'))).toBeGreaterThan(3500);
    expect(Number(next.get('retry-after'))).toBeLessThanOrEqual(3600);
    expect((await come('/plain', { 'Oc-Client': stranger() })).status).toBe(isIn(way));
    expect((await come('/other', headers)).status, 'each route counts by itself').toBe(isIn(way));
  });

  it('that does not say whose it is is answered 503 with Retry-After -1', async () => {
    for (const headers of [{}, { 'Oc-Client': '' }]) {
      const reached = await come('/plain', headers);
      expect([reached.status, reached.get('retry-after')]).toEqual([503, '-1']);
      expect(reached.body).not.toBe('');
      expect(subject.witness.has(reached.id)).toBe(false);
    }
  });

  it('of the whitelist passes uncounted', async () => {
    for (const name of ['friend', 'friend', 'friend', 'a b', 'a b']) {
      expect((await come('/named', { 'X-Name': name })).status).toBe(isIn(way));
    }
    const almost = { 'X-Name': `FRIEND-${stranger()}` };
    expect((await come('/named', almost)).status).toBe(isIn(way));
    await refused(await come('/named', almost));
  });

  it('is told nothing where EnableHeaders is off', async () => {
    const headers = { 'Oc-Client': stranger() };
    const first = await come('/silent', headers);
    const second = await come('/silent', headers);
    await refused(second);
    for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after']) {
      expect([first.get(name), second.get(name)], `header ${name}`).toEqual([undefined, undefined]);
    }
  });

  it('is refused with the status and the text of the route', async () => {
    const headers = { 'Oc-Client': stranger() };
    await come('/texts', headers);
    const second = await come('/texts', headers);
    await refused(second, 503);
    expect(second.body).toBe('only 1 in 1.5h: 1');
    expect(Number(second.get('retry-after'))).toBeGreaterThan(5000);
  });

  it('waits for as long as Wait says, and refused ones meanwhile do not prolong it', async () => {
    const headers = { 'Oc-Client': stranger() };
    await come('/waiting', headers);
    const first = Number((await come('/waiting', headers)).get('retry-after'));
    const second = Number((await come('/waiting', headers)).get('retry-after'));
    expect(first).toBeGreaterThan(7000);
    expect(second).toBeLessThanOrEqual(first);
  });

  it('passes again once Retry-After is over', async () => {
    const headers = { 'Oc-Client': stranger() };
    await come('/short', headers);
    let reached = await come('/short', headers);
    for (let tries = 0; reached.status !== isIn(way) && tries < 5; tries += 1) {
      const seconds = Number(reached.get('retry-after'));
      expect(seconds).toBeLessThanOrEqual(0.4);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 5));
      reached = await come('/short', headers);
    }
    expect(reached.status).toBe(isIn(way));
  });

  it('is not limited where EnableRateLimiting is off', async () => {
    for (let index = 0; index < 3; index += 1) expect((await come('/off')).status).toBe(isIn(way));
  });

  it.each([
    ['a cookie', '/cookie', (name: string): [string, Lines] => ['', { Cookie: `a=1; who=${name}` }]],
    ['a query parameter', '/query', (name: string): [string, Lines] => [`?who=${name}&a=1`, {}]],
    ['who was authenticated', '/subject', (sub: string): [string, Lines] => ['', bearer({ sub })]],
    ['a claim', '/claim', (tenant: string): [string, Lines] => ['', bearer({ sub: stranger(), tenant })]],
  ])('may be counted by %s', async (_what, path, say) => {
    const name = stranger();
    const [query, headers] = say(name);
    const first = await come(`${path}${query}`, headers);
    expect(first.status, `answer: ${first.body}`).toBe(isIn(way));
    const [queryAgain, headersAgain] = say(name);
    await refused(await come(`${path}${queryAgain}`, headersAgain));
    const [otherQuery, otherHeaders] = say(stranger());
    expect((await come(`${path}${otherQuery}`, otherHeaders)).status).toBe(isIn(way));
    const { stderr } = subject.gateway.output();
    if (path !== '/subject') expect(stderr).not.toContain(`"${name}"`);
  });

  it('of the names of Ocelot up to 24 does what they said', async () => {
    const headers = { ClientId: stranger() };
    expect((await come('/old', headers)).get('x-ratelimit-limit')).toBe('1');
    const second = await come('/old', headers);
    await refused(second, 418);
    expect(second.body).toBe('Customize Tips!');
    expect(Number(second.get('retry-after')), 'PeriodTimespan is Wait, in seconds').toBeGreaterThan(3500);
    const silent = { 'Oc-Client': stranger() };
    expect((await come('/old/silent', silent)).get('x-ratelimit-limit')).toBeUndefined();
    await refused(await come('/old/silent', silent));
  });

  it('that comes at once with nine others is one of three that pass', async () => {
    const headers = { 'Oc-Client': stranger() };
    const all = await Promise.all(Array.from({ length: 10 }, () => come('/crowd', headers)));
    expect(all.filter(({ status }) => status === isIn(way))).toHaveLength(3);
    expect(all.filter(({ status }) => status === 429)).toHaveLength(7);
  });
});

const bearer = (claims: object): Lines => ({ Authorization: `Bearer ${people.token({ ...claims })}` });

describe('all ways', () => {
  it('share one counter: an upgrade is a request', async () => {
    const headers = { 'Oc-Client': stranger() };
    const statuses: number[] = [];
    for (const way of WAYS) statuses.push((await subject.reach(way, '/plain', headers)).status);
    expect(statuses).toEqual([200, 101, 429, 429]);
  });

  it('share the counter of an address where they say no name', async () => {
    const statuses: number[] = [];
    for (const way of WAYS) statuses.push((await subject.reach(way, '/ip')).status);
    expect(statuses).toEqual([200, 429, 429, 429]);
    expect((await subject.reach('GET over HTTP/2', '/ip', { 'Oc-Client': stranger() })).status).toBe(200);
  });

  it('are counted in the metrics', async () => {
    const { text } = await subject.control('GET', '/metrics');
    expect(text).toMatch(/^ocelot_limits_total\{[^}]*ocelot_route="\/plain"[^}]*\} [1-9]/m);
    expect(text).toMatch(/^ocelot_websocket_upgrades_total\{[^}]*OCELOT_ERR_RATE_LIMITED[^}]*\} [1-9]/m);
    expect(text).toMatch(
      /^http_server_request_duration_seconds_count\{[^}]*http_response_status_code="429"[^}]*\} [1-9]/m,
    );
  });
});
