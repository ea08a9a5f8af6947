// Situation: one WebSocket route with everything that Ocelot's manual says cannot be done on one: a token of an issuer
//   with a key set, scopes, claims into headers and queries, limits of requests and of messages, a circuit breaker,
//   header transforms, a request id, traces and metrics; one ocelot.json, run by the real command.
// Action: a client that sends what browsers can send (an Origin and subprotocols) comes with good tokens and bad ones.
// Expected: the good one is served, traced, limited and closed at its expiry, and its token stays here; each other one
//   is refused with a status, a code and a log line of its own.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { type EchoBackend, echoBackend } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { type Issuer, issuer } from '../src/issuer.js';
import { type OtlpReceiver, otlpReceiver } from '../src/otlp-receiver.js';
import { type RunningOcelot, runOcelot } from '../src/run-ocelot.js';
import { type Talker, talk } from '../src/talk.js';

const ORIGIN = 'https://app.example.com';
const LIMIT = 3;
const ADA = { sub: 'ada', scope: 'chat other', room: 'lobby', tenant: 'blue', jti: 'ada-1' };

let people: Issuer;
let collector: OtlpReceiver;
let service: EchoBackend;
let gateway: RunningOcelot;
let control: string;

const file = (): object => ({
  Routes: [
    {
      Key: 'chat',
      UpstreamPathTemplate: '/rooms/{room}',
      DownstreamPathTemplate: '/ws/{room}',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: service.port }],
      AuthenticationOptions: { AuthenticationProviderKeys: ['People'], AllowedScopes: ['chat'] },
      RouteClaimsRequirement: { room: '{room}' },
      AddHeadersToRequest: { 'X-User': 'Claims[sub] > value' },
      AddQueriesToRequest: { tenant: 'Claims[tenant] > value' },
      RateLimitOptions: { EnableRateLimiting: true, Period: '1h', Limit: LIMIT },
      QoSOptions: { MinimumThroughput: 2, BreakDuration: 60_000 },
      UpstreamHeaderTransform: { 'X-From': '{UpstreamHost}', 'X-Trace': '{TraceId}' },
      DownstreamHeaderTransform: { 'X-Served-By': 'gateway' },
      RequestIdKey: 'X-Request-Id',
      HttpHandlerOptions: { UseTracing: true },
      Gateway: {
        AllowedOrigins: [ORIGIN],
        Authentication: { In: ['subprotocol'] },
        RateLimit: {
          By: ['subject', 'ip'],
          Messages: { PerConnection: { PerSecond: 1, Burst: 4 }, Action: 'close' },
        },
      },
    },
  ],
  GlobalConfiguration: {
    Gateway: {
      Admin: { Port: 0 },
      Authentication: {
        Providers: {
          People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Issuer: [people.url], Audience: ['gateway'] },
        },
      },
      Telemetry: { Metrics: true, Prometheus: true, Otlp: { Endpoint: collector.url } },
    },
  },
});

beforeAll(async () => {
  [people, collector, service] = await Promise.all([issuer(), otlpReceiver(), echoBackend()]);
  gateway = await runOcelot(file());
  control = String((await gateway.log(({ msg }) => msg === 'control address open'))['url']);
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([people.close(), collector.close(), service.close()]);
});

const offers = (token: string): string[] => ['chat.v1', `bearer.${token}`];

/** Enters as a page in a browser does. */
function enter(token: string, headers: Readonly<Record<string, string>> = {}, path = '/rooms/lobby'): Promise<Talker> {
  return talk(`ws://${gateway.authority}${path}`, { protocols: offers(token), origin: ORIGIN, headers });
}

interface Refusal {
  readonly status: number | undefined;
  /** Of the log line; in the body too, where that is ours. */
  readonly code: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  /** What the log says of it. */
  readonly line: Record<string, unknown>;
}

/** Comes and is turned away; the request id leads to the log line. */
async function refused(protocols: readonly string[], path = '/rooms/lobby', origin = ORIGIN): Promise<Refusal> {
  const id = `refused-${(count += 1)}`;
  const socket = new WebSocket(`ws://${gateway.authority}${path}`, [...protocols], {
    origin,
    headers: { 'x-request-id': id },
  });
  socket.on('error', () => undefined);
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let body = '';
  for await (const part of answer.setEncoding('utf8') as AsyncIterable<string>) body += part;
  socket.terminate();
  expect(answer.headers['x-request-id']).toBe(id);
  const line = await gateway.log(({ requestId, msg }) => requestId === id && msg === 'upgrade refused');
  return {
    status: answer.statusCode,
    code: String(line['code']),
    body,
    headers: answer.headers,
    line,
  };
}
let count = 0;

describe('one WebSocket route with the whole pipeline', () => {
  it('starts without a warning: every key is acted on', () => {
    expect(gateway.logs().filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('lets a page in with a token among its subprotocols, and answers with the other one (S12)', async () => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const client = await enter(people.token(ADA), { traceparent: parent, 'x-request-id': 'page-7', 'x-user': 'root' });
    expect(client.socket.protocol).toBe('chat.v1');
    expect(await client.ask('hello')).toBe('hello');
    await client.close();

    const [seen] = service.requests;
    expect(seen?.url).toBe('/ws/lobby?tenant=blue');
    expect(seen?.headers).toMatchObject({
      'x-user': 'ada',
      'x-from': gateway.authority,
      'x-trace': '0af7651916cd43dd8448eb211c80319c',
      'x-request-id': 'page-7',
      'sec-websocket-protocol': 'chat.v1',
      traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[\da-f]{16}-01$/),
    });
    expect(JSON.stringify(seen)).not.toContain('eyJ');
    expect(await gateway.log(({ requestId, closeCode }) => requestId === 'page-7' && closeCode === 1000)).toMatchObject(
      {
        route: 'chat',
        messagesFromClient: 1,
      },
    );
  });

  it.each([
    ['no token', () => ['chat.v1']],
    ['a token of somebody else', () => offers(people.forged(ADA))],
    ['a token that has expired', () => offers(people.token({ ...ADA, exp: Math.floor(Date.now() / 1000) - 60 }))],
    ['a token for another audience', () => offers(people.token({ ...ADA, aud: 'elsewhere' }))],
    ['no token at all but a word', () => offers('nonsense')],
  ])('answers 401 with a challenge to %s', async (_what, protocols) => {
    const { status, code, body, headers, line } = await refused(protocols());
    expect(JSON.parse(body)).toMatchObject({ status: 401, code });
    expect([status, headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Bearer\b/)]);
    expect(code).toMatch(/^OCELOT_ERR_(?:UNAUTHENTICATED|TOKEN_EXPIRED)$/);
    expect(line).toMatchObject({ status: 401, code, route: 'chat' });
  });

  it.each([
    ['without the scope', { ...ADA, scope: 'other' }],
    ['without a scope', { ...ADA, scope: undefined }],
    ['with a claim for another room', { ...ADA, room: 'cellar' }],
    ['without the claim', { ...ADA, room: undefined }],
  ])('answers 403 to a token %s', async (_what, claims) => {
    const { status, code, line } = await refused(offers(people.token({ ...claims, sub: `eve-${count}` })));
    expect([status, code]).toEqual([403, 'OCELOT_ERR_FORBIDDEN']);
    expect(line).toMatchObject({ status: 403, code, route: 'chat' });
  });

  it('answers 403 to a page of another origin, whatever its token', async () => {
    const { status, code } = await refused(offers(people.token(ADA)), '/rooms/lobby', 'https://evil.example');
    expect([status, code]).toEqual([403, 'OCELOT_ERR_FORBIDDEN']);
  });

  it('answers 429 to a user who comes too often, and to nobody else', async () => {
    const token = people.token({ ...ADA, sub: 'bob' });
    for (let index = 0; index < LIMIT; index += 1) await (await enter(token)).close();
    const { status, code, headers, body, line } = await refused(offers(token));
    expect([status, code]).toEqual([429, 'OCELOT_ERR_RATE_LIMITED']);
    expect(body).toBe(`API calls quota exceeded! Maximum admitted ${LIMIT} per 1h.`);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(headers['x-served-by']).toBe('gateway');
    expect(line).toMatchObject({ status: 429, code, route: 'chat' });
    await (await enter(people.token({ ...ADA, sub: 'carol' }))).close();
  });

  it('closes the socket of a user who sends too much with 1008', async () => {
    const client = await enter(people.token({ ...ADA, sub: 'dora' }), { 'x-request-id': 'too-much' });
    for (let index = 0; index < 8; index += 1) client.socket.send(`message ${index}`);
    expect((await client.closed).code).toBe(1008);
    expect(await gateway.log(({ requestId, code }) => requestId === 'too-much' && code !== undefined)).toMatchObject({
      code: 'OCELOT_ERR_RATE_LIMITED',
      closedBy: 'gateway',
    });
  });

  it('closes the socket with 4401 when its token expires', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const client = await enter(people.token({ ...ADA, sub: 'emil', exp }), { 'x-request-id': 'until-then' });
    expect(await client.ask('hello')).toBe('hello');
    expect((await client.closed).code).toBe(4401);
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(exp);
    expect(await gateway.log(({ requestId, code }) => requestId === 'until-then' && code !== undefined)).toMatchObject({
      code: 'OCELOT_ERR_TOKEN_EXPIRED',
      closeCode: 4401,
    });
  });

  it('closes the sockets of a user who is revoked on the control address, and lets them in no more', async () => {
    const token = people.token({ ...ADA, sub: 'fred' });
    const client = await enter(token);
    const answer = await fetch(`${control}/auth/revocations`, {
      method: 'POST',
      body: JSON.stringify({ subject: 'fred' }),
    });
    expect([answer.status, await answer.json()]).toEqual([201, expect.objectContaining({ closed: 1 })]);
    expect((await client.closed).code).toBe(4401);
    expect(await refused(offers(token))).toMatchObject({ status: 401, code: 'OCELOT_ERR_TOKEN_REVOKED' });
  });

  it('opens the circuit when the service is gone: 502, then 503 without asking it', async () => {
    await service.close();
    const attempt = (): Promise<Refusal> => refused(offers(people.token({ ...ADA, sub: `gina-${count}` })));
    for (let index = 0; index < 2; index += 1)
      expect(await attempt()).toMatchObject({ status: 502, code: 'OCELOT_ERR_BACKEND_UNREACHABLE' });
    const { status, code, line } = await attempt();
    expect([status, code]).toEqual([503, 'OCELOT_ERR_CIRCUIT_OPEN']);
    expect(line).toMatchObject({ status: 503, code, route: 'chat' });
    expect(await (await fetch(`${control}/resilience`)).text()).toContain('open');
  });

  it('counted it all: sockets, refusals, limits, the circuit', async () => {
    const metrics = await (await fetch(`${control}/metrics`)).text();
    expect(metrics).toMatch(/^# TYPE /m);
    for (const sample of ['OCELOT_ERR_RATE_LIMITED', 'OCELOT_ERR_FORBIDDEN', '4401', '1008', 'route="chat"'])
      expect(metrics).toContain(sample);
  });

  it('keeps tokens out of the log, the metrics and the traces, and sends the traces before it ends', async () => {
    const metrics = await (await fetch(`${control}/metrics`)).text();
    expect((await gateway.stop()).code).toBe(0);
    const ofPage = collector.spans.filter(({ traceId }) => traceId === '0af7651916cd43dd8448eb211c80319c');
    expect(ofPage.some(({ parentSpanId }) => parentSpanId === 'b7ad6b7169203331')).toBe(true);
    const { stdout, stderr } = gateway.output();
    for (const text of [stdout, stderr, metrics, collector.text()]) expect(text).not.toContain('eyJ');
  });
});
