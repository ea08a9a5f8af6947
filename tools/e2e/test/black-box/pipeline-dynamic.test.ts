// Situation: dynamic routing by a real Consul, with DynamicRoutes that limit, break and protect single services, and
//   global options for those without an entry.
// Action: clients ask for services by the first segment of the path, every way.
// Expected: the same verdicts as on static routes, by service.
import { consulAvailable, startConsul, type TestConsul } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { type Lines, pipelineStand, type Way, WAYS } from './pipeline-stand.js';

describe.runIf(await consulAvailable())('dynamic routes', () => {
  let people: Issuer;
  let consul: TestConsul;
  const services = ['plain', 'limited', 'old', 'broken', 'guarded', 'traced'].flatMap((name) =>
    WAYS.map((_way, index) => `${name}${index}`),
  );
  beforeAll(async () => {
    [people, consul] = await Promise.all([issuer(), startConsul()]);
  });

  const entries = (name: string, options: object): readonly object[] =>
    WAYS.map((_way, index) => ({ ServiceName: `${name}${index}`, ...options }));

  const subject = pipelineStand(async (port) => {
    for (const name of services) await consul.register({ name, port });
    return {
      Routes: [],
      DynamicRoutes: [
        ...entries('limited', { RateLimitOptions: { Limit: 1, Period: '1h' } }),
        // Ocelot up to 24 called it RateLimitRule.
        ...entries('old', {
          RateLimitRule: {
            EnableRateLimiting: true,
            Period: '1h',
            PeriodTimespan: 10,
            Limit: 1,
            ClientIdHeader: 'ClientId',
          },
        }),
        ...entries('broken', { QoSOptions: { MinimumThroughput: 2, BreakDuration: 60_000 } }),
        ...entries('guarded', {
          AuthenticationOptions: { AuthenticationProviderKeys: ['People'], AllowedScopes: ['chat'] },
        }),
        ...entries('traced', { HttpHandlerOptions: { UseTracing: true } }),
      ],
      GlobalConfiguration: {
        RequestIdKey: 'X-Request-Id',
        DownstreamScheme: 'http',
        ServiceDiscoveryProvider: { Host: '127.0.0.1', Port: consul.port, Type: 'Consul' },
        Gateway: {
          Admin: { Port: 0 },
          Authentication: {
            Providers: {
              People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] },
            },
          },
        },
      },
    };
  });
  // Behind the stand: hooks run in reverse, and the gateway is to be examined without connections to anybody.
  afterAll(() => Promise.all([people.close(), consul.stop()]));

  const isIn = (way: Way): number => (way.startsWith('GET') ? 200 : 101);

  describe.each(WAYS)('for a %s', (way) => {
    const come = async (name: string, headers: Lines = {}, query = ''): Promise<number> =>
      (await subject.reach(way, `/${name}${WAYS.indexOf(way)}/rest${query}`, headers)).status;

    it('lead to the service that the path names', async () => {
      const reached = await subject.reach(way, `/plain${WAYS.indexOf(way)}/a/b?c=d`);
      expect(reached.status).toBe(isIn(way));
      expect((await subject.witness.seen(reached.id)).url).toBe('/a/b?c=d');
      expect(reached.all('x-request-id')).toEqual([reached.id]);
    });

    it('limit by RateLimitOptions, and by the old RateLimitRule', async () => {
      const me = { 'Oc-Client': 'ada', ClientId: 'ada' };
      expect([await come('limited', me), await come('limited', me)]).toEqual([isIn(way), 429]);
      expect([await come('old', me), await come('old', me)]).toEqual([isIn(way), 429]);
      expect(await come('limited', { 'Oc-Client': 'bob' })).toBe(isIn(way));
      expect(await come('limited')).toBe(503);
    });

    it('break the circuit of the service, and of no other', async () => {
      const answer = '?answer=500';
      expect([await come('broken', {}, answer), await come('broken', {}, answer), await come('broken')]).toEqual([
        500, 500, 503,
      ]);
      expect(await come('plain')).toBe(isIn(way));
    });

    it('ask who comes, and for the scope', async () => {
      const bearer = (claims: object): Lines => ({
        Authorization: `Bearer ${people.token({ sub: 'ada', ...claims })}`,
      });
      expect([
        await come('guarded'),
        await come('guarded', bearer({ scope: 'other' })),
        await come('guarded', bearer({ scope: 'chat' })),
      ]).toEqual([401, 403, isIn(way)]);
    });

    it('trace where the entry says so', async () => {
      const reached = await subject.reach(way, `/traced${WAYS.indexOf(way)}/x`);
      expect((await subject.witness.seen(reached.id)).headers['traceparent']).toMatch(/^00-/);
      expect(await come('plain')).toBe(isIn(way));
    });
  });
});
