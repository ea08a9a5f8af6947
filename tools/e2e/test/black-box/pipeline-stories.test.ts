// Situation: gateways as operators run them: one file with global options for groups of routes, dumps of Ocelot's file
//   model with nulls and zeros, reloads while sockets are open, and two workers.
// Action: the file changes under open sockets; clients come before, meanwhile and after.
// Expected: Ocelot's group rule; nothing is switched on by what means nothing; sockets keep the route they have.
import { eventually } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Issuer, issuer } from '../../src/issuer.js';
import { runWorkers } from '../../src/run-workers.js';
import { talk } from '../../src/talk.js';
import { pipelineStand, type Way, WAYS } from './pipeline-stand.js';
import { type Witness, witness } from './pipeline-witness.js';
import { Stand, route } from './stand.js';

let people: Issuer;
beforeAll(async () => {
  people = await issuer();
});
afterAll(() => people.close());

const isIn = (way: Way): number => (way.startsWith('GET') ? 200 : 101);
const providers = (): object => ({
  Providers: { People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] } },
});

describe('global options with RouteKeys', () => {
  const subject = pipelineStand((port) => ({
    Routes: [
      route('/in', port, { Key: 'in' }),
      route('/more', port, { Key: 'more', RateLimitOptions: { Limit: 2 }, QoSOptions: { MinimumThroughput: 3 } }),
      route('/out', port, { Key: 'out' }),
      route('/keyless', port),
      route('/own', port, { Key: 'own', RateLimitOptions: { Limit: 1, Period: '1h' } }),
    ],
    GlobalConfiguration: {
      RequestIdKey: 'X-Request-Id',
      RateLimitOptions: {
        RouteKeys: ['in', 'more'],
        Limit: 1,
        Period: '2h',
        ClientIdHeader: 'X-Name',
        StatusCode: 418,
      },
      QoSOptions: { RouteKeys: ['in', 'more'], MinimumThroughput: 2, BreakDuration: 60_000 },
      AuthenticationOptions: { RouteKeys: ['own'], AuthenticationProviderKeys: ['People'] },
      Gateway: { Authentication: providers() },
    },
  }));
  let count = 0;
  const statuses = async (way: Way, path: string, headers: object): Promise<readonly number[]> => {
    const all: number[] = [];
    while (all.length < 3) all.push((await subject.reach(way, path, { ...headers })).status);
    return all;
  };

  describe.each(WAYS)('for a %s', (way) => {
    const named = (): object => ({ 'X-Name': `name-${(count += 1)}` });

    it('hold for the routes of the group', async () => {
      expect(await statuses(way, '/in', named())).toEqual([isIn(way), 418, 418]);
    });
    it('give what the route of the group does not say itself, field by field', async () => {
      expect(await statuses(way, '/more', named())).toEqual([isIn(way), isIn(way), 418]);
    });
    it('do not hold for others, with a Key or without', async () => {
      for (const path of ['/out', '/keyless']) {
        expect(await statuses(way, path, {})).toEqual([isIn(way), isIn(way), isIn(way)]);
      }
    });
    it('give nothing to a route outside that has options of its own', async () => {
      const Authorization = `Bearer ${people.token({ sub: 'ada' })}`;
      const headers = { 'Oc-Client': `name-${(count += 1)}`, Authorization };
      expect(await statuses(way, '/own', headers)).toEqual([isIn(way), 429, 429]);
      expect((await subject.reach(way, '/own', { 'Oc-Client': `name-${(count += 1)}` })).status).toBe(401);
    });
  });

  it('break circuits by the group as well', async () => {
    const of = async (path: string): Promise<readonly (string | number)[]> => {
      const all: (string | number)[] = [];
      for (let index = 0; index < 4; index += 1) {
        const { status, body } = await subject.reach('GET over HTTP/1.1', `${path}?answer=500`, {
          'X-Name': `q-${(count += 1)}`,
        });
        all.push(body.includes('CIRCUIT_OPEN') ? 'open' : status);
      }
      return all;
    };
    expect(await of('/in')).toEqual([500, 500, 'open', 'open']);
    expect(await of('/more')).toEqual([500, 500, 500, 'open']);
    expect(await of('/out')).toEqual([500, 500, 500, 500]);
  });
});

describe('a dump of Ocelot’s file model, with null, zero and empty values for everything that is not used', () => {
  const nothing = {
    AddClaimsToRequest: {},
    AddHeadersToRequest: {},
    AddQueriesToRequest: {},
    ChangeDownstreamPathTemplate: {},
    RouteClaimsRequirement: {},
    UpstreamHeaderTransform: {},
    DownstreamHeaderTransform: {},
    UpstreamHttpMethod: [],
    RequestIdKey: null,
    Timeout: 0,
    DelegatingHandlers: [],
    Metadata: {},
    AuthenticationOptions: {
      AllowAnonymous: null,
      AuthenticationProviderKey: '',
      AuthenticationProviderKeys: [],
      AllowedScopes: [],
    },
    RateLimitOptions: {
      ClientWhitelist: [],
      EnableRateLimiting: false,
      Period: null,
      PeriodTimespan: 0,
      Limit: 0,
      QuotaExceededMessage: null,
      HttpStatusCode: null,
    },
    QoSOptions: {
      ExceptionsAllowedBeforeBreaking: 0,
      DurationOfBreak: 0,
      TimeoutValue: 0,
      MinimumThroughput: null,
      FailureRatio: null,
    },
    HttpHandlerOptions: { AllowAutoRedirect: false, UseCookieContainer: false, UseTracing: false },
    SecurityOptions: { IPAllowedList: [], IPBlockedList: [] },
    LoadBalancerOptions: { Type: null, Key: null, Expiry: 0 },
  };
  const subject = pipelineStand((port) => ({
    Routes: [route('/dump', port, nothing)],
    DynamicRoutes: null,
    Aggregates: [],
    GlobalConfiguration: {
      RequestIdKey: '',
      BaseUrl: null,
      QoSOptions: { ExceptionsAllowedBeforeBreaking: 0, DurationOfBreak: 0, TimeoutValue: 0 },
      RateLimitOptions: {
        ClientIdHeader: 'ClientId',
        QuotaExceededMessage: null,
        RateLimitCounterPrefix: 'ocelot',
        DisableRateLimitHeaders: false,
        HttpStatusCode: 429,
      },
      AuthenticationOptions: { AuthenticationProviderKeys: [], AllowedScopes: null, RouteKeys: [] },
      Gateway: { Admin: { Port: 0 } },
    },
  }));

  it.each(WAYS)('switches nothing on for a %s', async (way) => {
    for (let index = 0; index < 4; index += 1) {
      const failed = await subject.reach(way, '/dump?answer=500', {
        'X-Request-Id': undefined,
        'X-Try': String(index),
      });
      expect([failed.status, failed.body]).toEqual([500, 'of the backend']);
    }
    const reached = await subject.reach(way, '/dump', {});
    expect(reached.status).toBe(isIn(way));
    const added = ['x-request-id', 'requestid', 'x-ratelimit-limit', 'traceparent', 'www-authenticate'];
    expect(added.map((name) => reached.get(name))).toEqual(added.map(() => undefined));
  });

  it('offers nothing of these features on the control address', async () => {
    for (const path of ['/metrics', '/auth/sessions', '/resilience']) {
      const { status, text } = await subject.control('GET', path);
      expect(status === 404 || !/dump/.test(text), `answer of ${path}: ${text}`).toBe(true);
    }
  });
});

describe('a reload under open sockets', () => {
  let backend: Witness;
  const subject = new Stand();
  const file = (chat: object, more: readonly object[] = []): object => ({
    Routes: [route('/chat', backend.port, chat), ...more],
    GlobalConfiguration: { RequestIdKey: 'X-Request-Id', Gateway: { Authentication: providers() } },
  });
  const guarded = { AuthenticationOptions: { AuthenticationProviderKeys: ['People'] } };
  const limits = { RateLimitOptions: { Limit: 1, Period: '1h' } };
  const url = (): string => `ws://${subject.gateway.authority}/chat`;
  const bearer = (claims: object = {}): { headers: Record<string, string> } => ({
    headers: { Authorization: `Bearer ${people.token({ sub: 'ada', ...claims })}`, 'Oc-Client': 'ada' },
  });

  beforeAll(async () => {
    backend = await witness();
    await subject.start(() => file({}));
  });
  afterAll(async () => {
    await backend.close();
    await subject.finish();
  });

  it('adds authentication for those who come, and takes it away again; who is in stays, by the rules it came by', async () => {
    const before = await talk(url());
    await subject.gateway.reload(file(guarded));
    await expect(talk(url())).rejects.toMatchObject({ status: 401 });
    const exp = Math.floor(Date.now() / 1000) + 3;
    const within = await talk(url(), bearer({ exp }));
    await subject.gateway.reload(file({}));
    const after = await talk(url());
    for (const client of [before, within, after]) expect(await client.ask('here')).toBe('here');
    expect((await within.closed).code).toBe(4401);
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(exp);
    for (const client of [before, after]) {
      expect(await client.ask('still')).toBe('still');
      await client.close();
    }
  });

  it('adds a limit of messages for those who come', async () => {
    const Messages = { PerConnection: { PerSecond: 0.001, Burst: 1 }, Action: 'close' };
    const before = await talk(url());
    await subject.gateway.reload(file({ Gateway: { RateLimit: { Messages } } }));
    const within = await talk(url());
    for (const text of ['1', '2', '3']) expect(await before.ask(text)).toBe(text);
    expect(await within.ask('1')).toBe('1');
    within.socket.send('2');
    expect((await within.closed).code).toBe(1008);
    await subject.gateway.reload(file({}));
    const after = await talk(url());
    for (const text of ['1', '2', '3']) expect(await after.ask(text)).toBe(text);
    await Promise.all([before.close(), after.close()]);
  });

  it('that changes something else forgets no counter', async () => {
    await subject.gateway.reload(file(limits));
    await (await talk(url(), bearer())).close();
    await subject.gateway.reload(file(limits, [route('/other', backend.port)]));
    await expect(talk(url(), bearer())).rejects.toMatchObject({ status: 429 });
  });
});

describe('two workers', () => {
  it('let in by one file, count sockets of a client together, and end them together when a token is revoked', async () => {
    const backend = await witness();
    const gateway = await runWorkers(
      {
        Routes: [
          route('/chat', backend.port, {
            Key: 'chat',
            AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
            Gateway: { RateLimit: { Connections: { Max: 4, By: ['subject'] } } },
          }),
        ],
        GlobalConfiguration: {
          Gateway: { Admin: { Port: 0 }, Telemetry: { Prometheus: true }, Authentication: providers() },
        },
      },
      2,
    );
    try {
      const control = String((await gateway.log(({ msg }) => msg === 'control address open'))['url']);
      const enter = (sub: string): ReturnType<typeof talk> =>
        talk(`ws://${gateway.authority}/chat`, { headers: { Authorization: `Bearer ${people.token({ sub })}` } });
      const mine = [];
      while (mine.length < 4) mine.push(await enter('ada'));
      await expect(enter('ada')).rejects.toMatchObject({ status: 429 });
      const other = await enter('bob');
      const sum = async (): Promise<number> => {
        const text = await (await fetch(`${control}/metrics`, { headers: { connection: 'close' } })).text();
        const samples = text.split('\n').filter((line) => line.startsWith('ocelot_websocket_connections{'));
        return samples.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
      };
      await eventually(async () => (await sum()) === 5, 'the metrics of both workers hold all sockets');
      const answer = await fetch(`${control}/auth/revocations`, {
        method: 'POST',
        body: JSON.stringify({ subject: 'ada' }),
      });
      expect(await answer.json()).toMatchObject({ closed: 4 });
      expect((await Promise.all(mine.map(({ closed }) => closed))).map(({ code }) => code)).toEqual([
        4401, 4401, 4401, 4401,
      ]);
      for (let index = 0; index < 4; index += 1) await expect(enter('ada')).rejects.toMatchObject({ status: 401 });
      expect(await other.ask('not me')).toBe('not me');
      await other.close();
    } finally {
      await gateway.end();
      await backend.close();
    }
  });
});
