import { IDENTITY, type Plugin } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { rateStands } from '../rate-stand.js';

const stands = rateStands();
const QUOTA = { Limit: 2, Period: '10s', Wait: '30s' };

/** What the backend answers to a plain request. */
const PASSED = 200;

/** Stands for authentication: whoever says a name is believed. */
const believing: Plugin = {
  name: 'believing',
  setup: (registry) =>
    registry.stage({
      name: 'believing',
      phase: 'authenticate',
      forRoute: () => (exchange) => {
        const subject = exchange.request.header('x-user');
        if (subject === undefined) return;
        const claims = { tenant: [subject.split('@')[1] ?? ''] };
        exchange.set(IDENTITY, { provider: 'p', subject, tokenId: undefined, claims, expiresAtMs: undefined });
      },
    }),
};

describe('RateLimitOptions on requests (Ocelot: RateLimitingMiddleware)', () => {
  it('passes as many as the limit and tells them about it', async () => {
    const stand = await stands.gateway({ quota: QUOTA });
    const before = Date.now();
    const { status, headers } = await stand.get({ 'Oc-Client': 'a' });
    expect(status).toBe(PASSED);
    expect(headers.get('x-ratelimit-limit')).toBe('2');
    expect(headers.get('x-ratelimit-remaining')).toBe('1');
    const reset = headers.get('x-ratelimit-reset') ?? '';
    expect(reset).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    expect(Date.parse(reset)).toBeGreaterThanOrEqual(before + 9_999);
    expect(Date.parse(reset)).toBeLessThanOrEqual(Date.now() + 10_001);
    expect((await stand.get({ 'Oc-Client': 'a' })).headers.get('x-ratelimit-remaining')).toBe('0');
  });

  it('refuses the next one with 429, Ocelot’s text and a decimal Retry-After (S4)', async () => {
    const clock = new FakeClock();
    const stand = await stands.gateway({ quota: { ...QUOTA, Wait: '500ms' }, clock });
    for (let sent = 0; sent < 2; sent += 1) await stand.get({ 'Oc-Client': 'a' });
    const { status, headers, body } = await stand.get({ 'Oc-Client': 'a' });
    expect(status).toBe(429);
    expect(body).toBe('API calls quota exceeded! Maximum admitted 2 per 10s.');
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(headers.get('retry-after')).toBe('0.5');
    expect(headers.has('x-ratelimit-limit')).toBe(false);
    const line = await stand.line('request refused');
    expect(line.fields).toMatchObject({ code: 'OCELOT_ERR_RATE_LIMITED', status: 429 });
    expect(JSON.stringify(line.fields)).toContain('2/10s/w500ms');
    expect(await stand.event('limit.reached')).toMatchObject({ routeId: 'echo', limit: 'requests', action: 'refuse' });
    clock.advance(500);
    expect((await stand.get({ 'Oc-Client': 'a' })).status).toBe(PASSED);
  });

  it('counts each client by itself', async () => {
    const stand = await stands.gateway({ quota: { ...QUOTA, Limit: 1 } });
    for (const client of ['a', 'b', 'c']) expect((await stand.get({ 'Oc-Client': client })).status).toBe(PASSED);
    expect((await stand.get({ 'Oc-Client': 'b' })).status).toBe(429);
  });

  it.each([[{}], [{ 'Oc-Client': '' }]])(
    'refuses who does not say its name with 503 and Retry-After -1',
    async (sent) => {
      const stand = await stands.gateway({ quota: QUOTA });
      const { status, headers, body } = await stand.get(sent);
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toBe('-1');
      expect(body).toBe(
        "Rate limiting client could not be identified for the route '/{everything}' due to a missing or unknown client ID header required by rule '2/10s/w30s'!",
      );
    },
  );

  it('does not count clients of the whitelist', async () => {
    const stand = await stands.gateway({ quota: { ...QUOTA, Limit: 1, ClientWhitelist: ['trusted'] } });
    for (let sent = 0; sent < 3; sent += 1) {
      const { status, headers } = await stand.get({ 'Oc-Client': 'trusted' });
      expect(status).toBe(PASSED);
      expect(headers.has('x-ratelimit-limit')).toBe(false);
    }
    await stand.get({ 'Oc-Client': 'Trusted' });
    expect((await stand.get({ 'Oc-Client': 'Trusted' })).status).toBe(429);
  });

  it('takes status, text, header name and silence from the options', async () => {
    const quota = {
      Limit: 1,
      Period: '1m',
      ClientIdHeader: 'X-Api-Key',
      StatusCode: 503,
      QuotaMessage: '{{"limit":{0},"per":"{1}"}}',
      EnableHeaders: false,
    };
    const stand = await stands.gateway({ quota });
    expect((await stand.get({ 'X-Api-Key': 'k' })).headers.has('x-ratelimit-limit')).toBe(false);
    const { status, headers, body } = await stand.get({ 'X-Api-Key': 'k' });
    expect(status).toBe(503);
    expect(body).toBe('{"limit":1,"per":"1m"}');
    expect(headers.has('retry-after')).toBe(false);
  });

  it('reads the old names', async () => {
    const quota = { Limit: 1, Period: '10s', PeriodTimespan: 3, HttpStatusCode: 418, QuotaExceededMessage: 'no {0}' };
    const stand = await stands.gateway({ quota, clock: new FakeClock() });
    await stand.get({ 'Oc-Client': 'a' });
    const { status, headers, body } = await stand.get({ 'Oc-Client': 'a' });
    expect([status, body, headers.get('retry-after')]).toEqual([418, 'no 1', '3']);
  });

  it('holds for all routes by the global section, field by field under a route’s own', async () => {
    const global = { RateLimitOptions: { Limit: 1, Period: '1h', QuotaMessage: 'global' } };
    const plain = await stands.gateway({ global });
    await plain.get({ 'Oc-Client': 'a' });
    expect(await plain.get({ 'Oc-Client': 'a' })).toMatchObject({ status: 429, body: 'global' });
    const own = await stands.gateway({ global, quota: { Limit: 2 } });
    for (let sent = 0; sent < 2; sent += 1) expect((await own.get({ 'Oc-Client': 'a' })).status).toBe(PASSED);
    expect(await own.get({ 'Oc-Client': 'a' })).toMatchObject({ status: 429, body: 'global' });
  });

  it.each<[name: string, quota: object | undefined, global: object]>([
    ['the route', { ...QUOTA, EnableRateLimiting: false }, {}],
    [
      'the global section, whatever the route says',
      { ...QUOTA, EnableRateLimiting: true },
      { EnableRateLimiting: false },
    ],
    ['RouteKeys that do not name the route', undefined, { ...QUOTA, RouteKeys: ['other'] }],
    ['a global section of texts alone, as up to Ocelot 24', undefined, { ClientIdHeader: 'X', QuotaMessage: 'no' }],
  ])('is off by %s', async (_, quota, global) => {
    const stand = await stands.gateway({
      ...(quota === undefined ? {} : { quota }),
      global: { RateLimitOptions: global },
    });
    for (let sent = 0; sent < 4; sent += 1) {
      const { status, headers } = await stand.get();
      expect([status, headers.has('x-ratelimit-limit')]).toEqual([PASSED, false]);
    }
  });

  it('never lets more than the limit pass, however many come at once', async () => {
    const stand = await stands.gateway({ quota: { Limit: 10, Period: '1h' } });
    const answers = await Promise.all(Array.from({ length: 50 }, () => stand.get({ 'Oc-Client': 'a' })));
    expect(answers.filter(({ status }) => status === PASSED)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40);
  });

  it.each([
    [{ Limit: 1, Period: '1s', Wait: '2fortnights' }, /Wait "2fortnights" is no length of time/],
    [{ Period: '1s' }, /has no Limit/],
    [{ Limit: 1, Period: '0s' }, /Period "0s" is no length of time/],
    [{ Limit: 1, StatusCode: 200 }, /StatusCode 200 is no status of a refusal/],
  ])('refuses %j with the place', async (quota, message) => {
    await expect(stands.gateway({ quota })).rejects.toThrow(message);
    await expect(stands.gateway({ quota })).rejects.toThrow(/#\/Routes\/0\/RateLimitOptions/);
  });
});

describe('RateLimitOptions on upgrades', () => {
  it('holds: the 101 carries the headers, the next one is refused before the backend is asked', async () => {
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '10s' }, clock: new FakeClock() });
    const headers = { 'Oc-Client': 'a' };
    const accepted = await (await stand.client()).upgrade({ headers });
    expect(accepted.status).toBe(101);
    expect(accepted.get('x-ratelimit-remaining')).toBe('0');
    const client = await stand.client();
    const refused = await client.upgrade({ headers });
    expect([refused.status, refused.get('retry-after')]).toEqual([429, '10']);
    expect(String(await client.readBody(refused))).toBe('API calls quota exceeded! Maximum admitted 1 per 10s.');
    expect(stands.backend().sockets).toHaveLength(1);
    expect((await stand.line('upgrade refused')).fields).toMatchObject({ code: 'OCELOT_ERR_RATE_LIMITED' });
  });

  it('counts requests and upgrades of a client together', async () => {
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '10s' } });
    await stand.get({ 'Oc-Client': 'a' });
    expect((await (await stand.client()).upgrade({ headers: { 'Oc-Client': 'a' } })).status).toBe(429);
  });
});

describe('Gateway.RateLimit.By', () => {
  it('lets browsers in, which cannot send the header, and limits them by their address', async () => {
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '10s' }, limits: { By: ['header', 'ip'] } });
    expect((await stand.get({ 'Oc-Client': 'a' })).status).toBe(PASSED);
    expect((await (await stand.client()).upgrade()).status).toBe(101);
    expect((await (await stand.client()).upgrade()).status).toBe(429);
    expect((await stand.get({ 'Oc-Client': 'b' })).status).toBe(PASSED);
  });

  it('counts by the address that trusted proxies tell, an IPv6 one by its network', async () => {
    const stand = await stands.gateway({
      quota: { Limit: 1, Period: '10s' },
      limits: { By: ['ip'], Ipv6PrefixLength: 56 },
      global: { Gateway: { TrustedProxies: ['127.0.0.1'] } },
    });
    const from = async (address: string) => (await stand.get({ 'X-Forwarded-For': address })).status;
    expect(await from('2001:db8:0:11::1')).toBe(PASSED);
    expect(await from('2001:db8:0:12::9')).toBe(429);
    expect(await from('2001:db8:0:1200::9')).toBe(PASSED);
    expect(await from('198.51.100.1')).toBe(PASSED);
  });

  it('counts all clients of a route together by route', async () => {
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '10s' }, limits: { By: ['route'] } });
    expect((await stand.get({ 'Oc-Client': 'a' })).status).toBe(PASSED);
    expect((await stand.get({ 'Oc-Client': 'b' })).status).toBe(429);
  });

  it('counts by who was authenticated, once that is known', async () => {
    const stand = await stands.gateway({
      quota: { Limit: 1, Period: '10s' },
      limits: { By: ['claim:tenant', 'ip'] },
      plugins: [believing],
    });
    const as = async (user: string) => (await stand.get({ 'x-user': user })).status;
    expect(await as('ann@one')).toBe(PASSED);
    expect(await as('bob@one')).toBe(429);
    expect(await as('cid@two')).toBe(PASSED);
    expect((await stand.get()).status).toBe(PASSED);
    expect((await stand.get()).status).toBe(429);
  });

  it('never tells by what value a client was counted', async () => {
    const stand = await stands.gateway({ quota: { Limit: 1, Period: '10s' }, limits: { By: ['cookie:sid'] } });
    for (let sent = 0; sent < 2; sent += 1) await stand.get({ cookie: 'sid=very-secret' });
    await stand.line('request refused');
    expect(
      JSON.stringify([stand.lines, stand.events.map((event) => ({ ...event, request: undefined }))]),
    ).not.toContain('very-secret');
  });
});
