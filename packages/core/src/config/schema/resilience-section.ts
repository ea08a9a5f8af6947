import { decimal, integer, map, object, type ObjectKey, text, texts } from './key-schema.js';

const MAX_MS = 2_147_483_647;

const BREAKER = object('Breaker', 'How the circuit breaker of `QoSOptions` is applied.', {
  Scope: text(
    'Whose failures open a circuit. `endpoint`: each endpoint has a circuit of its own, and the route refuses when all of them are open. `route`: one circuit for the whole route, as in Ocelot, where one bad host closes the way to all.',
    { default: 'endpoint', values: ['endpoint', 'route'] },
  ),
});

const RETRY_BUDGET = object(
  'RetryBudget',
  'Keeps retries (`Gateway.Retry`) a share of the requests of a route, so that failing over does not multiply the load when all backends fail. Counted over ten seconds, in each worker. Without this section nothing limits retries but `Retry.Attempts`.',
  {
    Ratio: decimal('Retries allowed as a share of requests.', { default: 0.2, minimum: 0, maximum: 100 }),
    MinPerSecond: decimal('Retries a second that are always allowed, so that quiet routes fail over too.', {
      default: 3,
      minimum: 0,
      maximum: 100_000,
    }),
  },
);

const EJECTION = object(
  'Ejection',
  'Leaves endpoints alone whose calls fail, for a growing time (outlier detection). Without this section nothing is ejected.',
  {
    ConsecutiveFailures: integer(
      'Failed connects or handshakes in a row that eject an endpoint; 0 means they do not count.',
      { default: 5, minimum: 0, maximum: 1_000_000 },
    ),
    FailureRatio: decimal(
      'Share of failed calls, answers 500 to 508 included, that ejects an endpoint; 0 means it is not looked at.',
      { default: 0, minimum: 0, maximum: 1 },
    ),
    MinimumRequests: integer('Calls within `WindowMs` before `FailureRatio` is judged.', {
      default: 20,
      minimum: 1,
      maximum: 1_000_000,
    }),
    WindowMs: integer('Time over which `FailureRatio` is taken, in milliseconds.', {
      default: 10_000,
      minimum: 100,
      maximum: 3_600_000,
    }),
    BaseMs: integer(
      'How long the first ejection lasts, in milliseconds; each one that follows lasts twice as long as the one before.',
      { default: 30_000, minimum: 100, maximum: MAX_MS },
    ),
    MaxMs: integer(
      'Longest ejection, in milliseconds. An endpoint that was fine for as long begins again with `BaseMs`.',
      { default: 300_000, minimum: 100, maximum: MAX_MS },
    ),
    MaxEjectedPercent: integer(
      'Most endpoints of a route that may be ejected at once, in percent, rounded down: the only endpoint of a route is not ejected unless this is 100.',
      { default: 50, minimum: 0, maximum: 100 },
    ),
    EarlyDeathMs: integer(
      'A WebSocket that its backend cuts without a Close frame within this many milliseconds after the 101 counts as a failure; as many in a row as `ConsecutiveFailures` eject. 0 means it does not count.',
      { default: 0, minimum: 0, maximum: 3_600_000 },
    ),
  },
);

const HEALTH_CHECK = object(
  'HealthCheck',
  'Asks every endpoint of the route again and again whether it is well; one that is not gets no new work, open sockets stay. An endpoint counts as well until its first check has ended. Each worker checks by itself; routes that ask the same of an endpoint share the check.',
  {
    Type: text(
      'What a check does. `tcp`: connects, with TLS where the backend has it. `http`: a GET over HTTP/1.1. `websocket`: a real handshake, a ping and its pong, then Close 1000. `off`: nothing, for a route that is not to have the global one.',
      { default: 'off', values: ['off', 'tcp', 'http', 'websocket'] },
    ),
    Path: text('Path and query that `http` and `websocket` checks ask for.', { default: '/' }),
    IntervalMs: integer(
      'Time from the end of a check to the next one, in milliseconds, give or take a tenth so that checks spread.',
      { default: 10_000, minimum: 100, maximum: 3_600_000 },
    ),
    TimeoutMs: integer('Time limit of one check, in milliseconds.', {
      default: 2000,
      minimum: 10,
      maximum: 600_000,
    }),
    HealthyThreshold: integer('Good checks in a row after which an endpoint is used again.', {
      default: 2,
      minimum: 1,
      maximum: 1000,
    }),
    UnhealthyThreshold: integer(
      'Failed checks in a row after which an endpoint is not used any more. The very first check decides alone.',
      { default: 3, minimum: 1, maximum: 1000 },
    ),
    ExpectedStatus: texts('Statuses that an `http` check takes as well: single ones (`401`) and ranges (`200-299`).', {
      default: ['200-299'],
    }),
    Headers: map('Headers of `http` and `websocket` checks. `Host` is the address of the endpoint unless given here.'),
    Subprotocol: text('Subprotocol that a `websocket` check offers; the backend must agree to it.', { default: '' }),
  },
);

/** `Gateway.Resilience`, global and on each route: the route's keys win, key by key within each part. */
export const RESILIENCE: ObjectKey = object(
  'Resilience',
  'What happens when endpoints of a route fail: circuit breakers, retries, ejection and health checks.',
  {
    Breaker: BREAKER,
    RetryBudget: RETRY_BUDGET,
    Ejection: EJECTION,
    HealthCheck: HEALTH_CHECK,
    SlowStartMs: integer(
      'Time, in milliseconds, in which the share of an endpoint that is new or well again grows from a tenth to all; 0 means it has its full share at once. The endpoints that a route begins with are not new. Left out, with a warning, where the balancer keeps clients with their endpoint (`CookieStickySessions`, `AffinityCookie`, `ConsistentHash`): they would be sent elsewhere meanwhile.',
      { default: 0, minimum: 0, maximum: 3_600_000 },
    ),
    PanicMode: text(
      'What happens when no endpoint of a route is well. `off`: the route answers 503 at once. `all`: all of them are used as though they were well, for those who trust their backends more than their checks. Open circuits stay open either way.',
      { default: 'off', values: ['off', 'all'] },
    ),
  },
  { needs: '@ocelot/resilience' },
);
