// Situation: routes with QoSOptions in their new and old names, time limits, retries and health checks, for requests and
//   sockets over HTTP/1.1 and HTTP/2.
// Action: the backend fails in every way that Ocelot counts, and in those that it does not; then it is well again.
// Expected: Ocelot's breaker: 503 at once while the circuit is open, one probe, and the state in log, control and metrics.
import { eventually } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { pipelineStand, type Reached, type Way, WAYS } from './pipeline-stand.js';
import { type Witness, witness } from './pipeline-witness.js';
import { route } from './stand.js';

let other: Witness;
beforeAll(async () => {
  other = await witness();
});

const LONG = 60_000;
const each = (name: string): readonly string[] => WAYS.map((_way, index) => `/${name}/${index}`);

const subject = pipelineStand((port) => ({
  Routes: [
    ...each('row').map((path) => route(path, port, { QoSOptions: { MinimumThroughput: 3, BreakDuration: LONG } })),
    ...each('probe').map((path) => route(path, port, { QoSOptions: { MinimumThroughput: 2, BreakDuration: 1000 } })),
    ...each('ratio').map((path) =>
      route(path, port, {
        QoSOptions: { MinimumThroughput: 4, FailureRatio: 0.5, SamplingDuration: LONG, BreakDuration: LONG },
      }),
    ),
    ...each('fine').map((path) => route(path, port, { QoSOptions: { MinimumThroughput: 2, BreakDuration: LONG } })),
    ...each('dead').map((path) =>
      route(path, 1, {
        QoSOptions: { MinimumThroughput: 2, BreakDuration: LONG },
        Gateway: { Retry: { Attempts: 0 } },
      }),
    ),
    // The names of Ocelot up to 24.
    ...each('old').map((path) =>
      route(path, port, {
        QoSOptions: { ExceptionsAllowedBeforeBreaking: 2, DurationOfBreak: LONG, TimeoutValue: 150 },
      }),
    ),
    // Zeros and absent values of dumps: nothing is switched on.
    ...each('zero').map((path) =>
      route(path, port, { QoSOptions: { ExceptionsAllowedBeforeBreaking: 0, DurationOfBreak: 0, TimeoutValue: 0 } }),
    ),
    ...each('late').map((path) => route(path, port, { QoSOptions: { Timeout: 150 } })),
    route('/two', [1, port], { LoadBalancerOptions: { Type: 'RoundRobin' } }),
    route('/on', [other.port, port], {
      LoadBalancerOptions: { Type: 'RoundRobin' },
      Gateway: { Retry: { Attempts: 1, On: [503] } },
    }),
    ...['websocket', 'http'].map((Type) =>
      route(`/checked/${Type}`, [other.port, port], {
        Key: `checked-${Type}`,
        LoadBalancerOptions: { Type: 'RoundRobin' },
        Gateway: {
          Resilience: {
            HealthCheck: { Type, Path: '/check', IntervalMs: 100, HealthyThreshold: 1, UnhealthyThreshold: 1 },
          },
        },
      }),
    ),
    route('/alone', other.port, {
      Gateway: {
        Resilience: {
          HealthCheck: { Type: 'http', Path: '/alone', IntervalMs: 100, HealthyThreshold: 1, UnhealthyThreshold: 1 },
        },
      },
    }),
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    Gateway: { Admin: { Port: 0 }, Telemetry: { Prometheus: true } },
  },
}));

// Behind the stand: hooks run in reverse, and the gateway is to be examined without connections to anybody.
afterAll(() => other.close());

const isIn = (way: Way): number => (way.startsWith('GET') ? 200 : 101);
const path = (name: string, way: Way, answer = ''): string =>
  `/${name}/${WAYS.indexOf(way)}${answer === '' ? '' : `?answer=${answer}`}`;

async function isOpen(reached: Reached): Promise<void> {
  expect(reached.status).toBe(503);
  expect(JSON.parse(reached.body)).toMatchObject({ status: 503, code: 'OCELOT_ERR_CIRCUIT_OPEN' });
  expect(Number(reached.get('retry-after'))).toBeGreaterThan(0);
  expect(await subject.line(reached.id)).toMatchObject({ status: 503, code: 'OCELOT_ERR_CIRCUIT_OPEN' });
  expect(subject.witness.has(reached.id)).toBe(false);
}

describe.each(WAYS)('a %s', (way) => {
  const come = (name: string, answer = ''): Promise<Reached> => subject.reach(way, path(name, way, answer));
  const statusOf = async (name: string, answer = ''): Promise<number> => (await come(name, answer)).status;

  it('opens the circuit with as many failures in a row as MinimumThroughput; a success between them begins anew', async () => {
    expect(await statusOf('row', '500')).toBe(500);
    expect(await statusOf('row', '503')).toBe(503);
    expect(await statusOf('row')).toBe(isIn(way));
    expect(await statusOf('row', '508')).toBe(508);
    expect(await statusOf('row', '502')).toBe(502);
    expect(await statusOf('row', '504')).toBe(504);
    await isOpen(await come('row'));
  });

  it('opens by the share of failures, once there were enough calls', async () => {
    expect(await statusOf('ratio', '500')).toBe(500);
    expect(await statusOf('ratio')).toBe(isIn(way));
    expect(await statusOf('ratio')).toBe(isIn(way));
    expect(await statusOf('ratio', '500')).toBe(500);
    await isOpen(await come('ratio'));
  });

  it('is no failure with another status of the backend, however many come in a row', async () => {
    for (const status of [400, 401, 403, 404, 429, 499, 509, 511])
      expect(await statusOf('fine', String(status))).toBe(status);
    expect(await statusOf('fine')).toBe(isIn(way));
  });

  it('counts an endpoint that cannot be reached', async () => {
    for (let index = 0; index < 2; index += 1) expect(await statusOf('dead')).toBe(502);
    await isOpen(await come('dead'));
  });

  it('counts by the old names, and ends in time: 504', async () => {
    for (let index = 0; index < 2; index += 1) {
      const reached = await come('old', 'never');
      expect(reached.status).toBe(504);
      expect(await subject.line(reached.id)).toMatchObject({ status: 504, code: 'OCELOT_ERR_BACKEND_TIMEOUT' });
    }
    await isOpen(await come('old'));
  });

  it('is let be by zeros', async () => {
    for (let index = 0; index < 4; index += 1) expect(await statusOf('zero', '500')).toBe(500);
    expect(await statusOf('zero')).toBe(isIn(way));
  });

  it('ends in time where only Timeout is given, and a socket stays open beyond it', async () => {
    for (let index = 0; index < 2; index += 1) expect(await statusOf('late', 'never')).toBe(504);
    const reached = await come('late');
    expect(reached.status).toBe(isIn(way));
    if (way.startsWith('GET')) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reached.connection?.finReceived).toBe(false);
    await subject.leave(reached);
  });

  it('does not notice that one of two endpoints is gone', async () => {
    for (let index = 0; index < 4; index += 1) expect((await subject.reach(way, '/two')).status).toBe(isIn(way));
  });

  it('is asked of the next endpoint where Retry.On names the status, and gets the answer when none is left', async () => {
    other.isWell = false;
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await subject.reach(way, '/on')).status);
    other.isWell = true;
    expect(statuses).toEqual(Array.from({ length: 4 }, () => isIn(way)));
    expect((await subject.reach(way, '/on?answer=503')).status).toBe(503);
  });

  it('comes to endpoints that are well only, and to the others again when they are', async () => {
    const target = `/checked/${way.startsWith('GET') ? 'http' : 'websocket'}`;
    const four = async (): Promise<readonly Reached[]> => {
      const all: Reached[] = [];
      while (all.length < 4) all.push(await subject.reach(way, target));
      return all;
    };
    other.isWell = false;
    await eventually(async () => (await four()).every(({ id }) => !other.has(id)), 'the sick endpoint is left alone');
    expect((await four()).map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => isIn(way)));
    other.isWell = true;
    await eventually(async () => (await four()).some(({ id }) => other.has(id)), 'the endpoint that is well is used');
  });

  it('is answered 503 at once where no endpoint is well', async () => {
    other.isWell = false;
    const reached = await eventually(async () => {
      const one = await subject.reach(way, '/alone');
      return !other.has(one.id) && one;
    }, 'the route has no endpoint');
    expect(reached.status).toBe(503);
    expect(JSON.parse(reached.body)).toMatchObject({ code: 'OCELOT_ERR_NO_ENDPOINT' });
    other.isWell = true;
    await eventually(async () => (await subject.reach(way, '/alone')).status === isIn(way), 'the endpoint is back');
  });
});

describe('one call behind BreakDuration', () => {
  // All ways at once: this is the one test that has to wait.
  it('is a probe: a failure opens the circuit again, a success closes it', async () => {
    await Promise.all(WAYS.map(probed));
  });

  async function probed(way: Way): Promise<void> {
    const come = (answer = ''): Promise<Reached> => subject.reach(way, path('probe', way, answer));
    const over = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1010));
    const first = [(await come('500')).status, (await come('500')).status];
    await isOpen(await come());
    await over();
    const probe = (await come('501')).status;
    await isOpen(await come());
    await over();
    const then = [(await come()).status, (await come('500')).status, (await come()).status];
    expect([first, probe, then], `by ${way}`).toEqual([[500, 500], 501, [isIn(way), 500, isIn(way)]]);
  }
});

describe('what is known of it', () => {
  it('stands in the log, once for each change', async () => {
    const lines = subject.gateway.logs().filter(({ msg }) => msg === 'circuit opened');
    const rows = lines.filter(({ route: of }) => of === '/row/0');
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ level: 'warn', endpoint: `127.0.0.1:${subject.witness.port}` });
    await subject.gateway.log(({ msg, route: of }) => String(msg).startsWith('circuit closed') && of === '/probe/0');
  });

  it('stands on the control address', async () => {
    const { status, text } = await subject.control('GET', '/resilience');
    expect(status).toBe(200);
    expect(text).toContain('/row/0');
    expect(text).toContain('open');
  });

  it('stands in the metrics', async () => {
    const { text } = await subject.control('GET', '/metrics');
    const sample = (path_: string, state: string): RegExp =>
      new RegExp(
        `^ocelot_breaker_state\\{(?=[^}]*ocelot_route="${path_}")(?=[^}]*ocelot_state="${state}")[^}]*\\} 1$`,
        'm',
      );
    expect(text).toMatch(sample('/row/0', 'open'));
    expect(text).toMatch(sample('/probe/1', 'closed'));
  });
});
