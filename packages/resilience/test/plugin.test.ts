import { describe, expect, it } from 'vitest';

import { createEndpoint, type Plugin } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';

import {
  answering,
  backend,
  deadPort,
  holds,
  leaveNothing,
  type Stand,
  type StandOptions,
  startStand,
} from './stand.js';

leaveNothing();

/** A stand whose breakers and ejections stand still unless the test moves their clock. */
function stopped(ports: readonly number[], options: StandOptions = {}): Promise<Stand> {
  return startStand(ports, { clock: new FakeClock(), ...options });
}

const QOS = { QoSOptions: { MinimumThroughput: 3, BreakDuration: 5000 } };
const ONCE = { Retry: { Attempts: 0 } };

describe('QoSOptions on upgrades (Ocelot ignores them there)', () => {
  it('leaves a dead endpoint alone after so many failures, while every connect succeeds on the other', async () => {
    const dead = await deadPort();
    const alive = await backend(answering(101));
    const stand = await stopped([dead, alive.port], { route: QOS });
    for (let connect = 0; connect < 12; connect += 1) expect((await stand.upgrade()).status).toBe(101);
    const attempts = stand.events.filter((event) => event.type === 'attempt.started' && event.endpoint.port === dead);
    expect(attempts).toHaveLength(3);
    expect(stand.told('breaker.changed')).toEqual(['open']);
    expect(stand.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'circuit opened',
        fields: expect.objectContaining({ route: 'app', endpoint: `127.0.0.1:${dead}`, breakMs: 5000 }),
      }),
    );
  });

  it('answers 503 with Retry-After at once when the circuits of all endpoints are open', async () => {
    const stand = await stopped([await deadPort()], { route: QOS, gateway: ONCE });
    for (let connect = 0; connect < 3; connect += 1) expect((await stand.upgrade()).status).toBe(502);
    const refused = await stand.upgrade();
    expect([refused.status, refused.get('retry-after')]).toEqual([503, '5']);
    expect(stand.events).toContainEqual(
      expect.objectContaining({ type: 'upgrade.refused', errorCode: 'OCELOT_ERR_CIRCUIT_OPEN', status: 503 }),
    );
  });

  it.each([
    ['a reset', (connection) => connection.reset()],
    [
      'half a status line',
      async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 10');
        connection.end();
      },
    ],
    [
      'a wrong 101',
      async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      },
    ],
    ['a 503', answering(503)],
  ] satisfies readonly (readonly [string, Parameters<typeof backend>[0]])[])(
    'counts %s as a failure',
    async (_, script) => {
      const { port } = await backend(script);
      const stand = await stopped([port], { route: QOS, gateway: ONCE });
      for (let connect = 0; connect < 3; connect += 1) await stand.upgrade();
      expect((await stand.upgrade()).get('retry-after')).toBe('5');
    },
  );

  it('counts a backend that lets the time of the handshake pass as a failure', async () => {
    const { port } = await backend(() => {});
    const route = { QoSOptions: { MinimumThroughput: 2, Timeout: 50 } };
    const stand = await stopped([port], { route, gateway: ONCE });
    expect((await stand.upgrade()).status).toBe(504);
    expect((await stand.upgrade()).status).toBe(504);
    expect((await stand.upgrade()).status).toBe(503);
  });

  it('takes a refusal with 403 as a success: the backend is there', async () => {
    const { port } = await backend(answering(403));
    const stand = await stopped([port], { route: QOS, gateway: ONCE });
    for (let connect = 0; connect < 6; connect += 1) expect((await stand.upgrade()).status).toBe(403);
    expect((await stand.report()).endpoints[0]?.breaker?.state).toBe('closed');
  });
});

describe('QoSOptions in dynamic routing', () => {
  it('gives each service circuits of its own, from the global section', async () => {
    const ports: Readonly<Record<string, number>> = {
      dead: await deadPort(),
      alive: (await backend(answering(101))).port,
    };
    const registry: Plugin = {
      name: 'registry',
      setup(plugins) {
        plugins.discovery('list', (_options, context) => ({
          subscribe({ name }, observer) {
            const endpoint = createEndpoint({ host: '127.0.0.1', port: ports[name] ?? 1 });
            const told = context.clock.setTimer(0, () => observer.next([endpoint]));
            return { unsubscribe: () => told.clear() };
          },
          close: () => Promise.resolve(),
        }));
      },
    };
    const stand = await startStand([], {
      isDynamic: true,
      plugins: [registry],
      global: {
        ServiceDiscoveryProvider: { Type: 'list', Host: 'localhost', Port: 1 },
        DownstreamScheme: 'ws',
        Gateway: ONCE,
        ...QOS,
      },
    });
    for (let connect = 0; connect < 3; connect += 1) expect((await stand.upgrade('/dead/ws')).status).toBe(502);
    expect((await stand.upgrade('/dead/ws')).get('retry-after')).toMatch(/^[1-5]$/);
    expect((await stand.upgrade('/alive/ws')).status).toBe(101);
  });
});

describe('QoSOptions on HTTP', () => {
  it('opens at 500 to 508 in a row and refuses', async () => {
    const { port } = await backend(answering(500, 503, 508, 200));
    const stand = await stopped([port], { route: QOS });
    for (const status of [500, 503, 508]) expect((await stand.get()).status).toBe(status);
    const refused = await stand.get();
    expect([refused.status, refused.get('retry-after')]).toEqual([503, '5']);
  });

  it('takes the names of older versions of Ocelot', async () => {
    const { port } = await backend(answering(500));
    const route = { QoSOptions: { ExceptionsAllowedBeforeBreaking: 2, DurationOfBreak: 7000, TimeoutValue: 3000 } };
    const stand = await stopped([port], { route });
    for (const status of [500, 500]) expect((await stand.get()).status).toBe(status);
    expect((await stand.get()).get('retry-after')).toBe('7');
  });

  it('opens by ratio', async () => {
    const { port } = await backend(answering(200, 200, 500, 500, 200));
    const route = { QoSOptions: { MinimumThroughput: 4, FailureRatio: 0.5 } };
    const stand = await stopped([port], { route });
    for (const status of [200, 200, 500, 500, 503]) expect((await stand.get()).status).toBe(status);
  });
});

describe('a circuit that is half-open', () => {
  it('lets one probe pass, refuses the others, and closes with its success', async () => {
    const clock = new FakeClock();
    const slow = await backend();
    const stand = await stopped([slow.port], { route: QOS, gateway: ONCE, clock });
    for (let connect = 0; connect < 3; connect += 1) {
      const refused = stand.upgrade();
      (await slow.connection(connect)).reset();
      expect((await refused).status).toBe(502);
    }
    clock.advance(5000);
    const probe = stand.upgrade();
    const connection = await slow.connection(3);
    expect((await stand.upgrade()).status).toBe(503);
    await connection.accept();
    expect((await probe).status).toBe(101);
    await holds('the circuit closes', () => stand.told('breaker.changed').includes('closed'));
    expect(stand.told('breaker.changed')).toEqual(['open', 'half-open', 'closed']);
  });

  it('frees the place of a probe whose client leaves (in Ocelot the circuit then refuses for ever)', async () => {
    const clock = new FakeClock();
    const slow = await backend();
    const stand = await stopped([slow.port], { route: QOS, gateway: ONCE, clock });
    for (let connect = 0; connect < 3; connect += 1) {
      const refused = stand.upgrade();
      (await slow.connection(connect)).reset();
      await refused;
    }
    clock.advance(5000);
    const leaving = await stand.client();
    const left = leaving.upgrade().catch(() => 'left');
    await slow.connection(3);
    leaving.destroy();
    await left;
    await holds('the attempt is given up', () =>
      stand.events.some((event) => event.type === 'attempt.ended' && event.outcome === 'cancelled'),
    );
    const probe = stand.upgrade();
    await (await slow.connection(4)).accept();
    expect((await probe).status).toBe(101);
  });

  it('opens again when the probe fails', async () => {
    const clock = new FakeClock();
    const stand = await stopped([await deadPort()], { route: QOS, gateway: ONCE, clock });
    for (let connect = 0; connect < 3; connect += 1) await stand.upgrade();
    clock.advance(5000);
    expect((await stand.upgrade()).status).toBe(502);
    expect((await stand.upgrade()).status).toBe(503);
    expect(stand.told('breaker.changed')).toEqual(['open', 'half-open', 'open']);
  });
});

describe('Breaker.Scope route', () => {
  it("closes the way to all endpoints when one is bad (Ocelot's rule)", async () => {
    const dead = await deadPort();
    const alive = await backend(answering(101));
    const stand = await stopped([dead, alive.port], {
      route: { ...QOS, LoadBalancerOptions: { Type: 'NoLoadBalancer' } },
      gateway: { ...ONCE, Resilience: { Breaker: { Scope: 'route' } } },
    });
    for (let connect = 0; connect < 3; connect += 1) expect((await stand.upgrade()).status).toBe(502);
    expect((await stand.upgrade()).status).toBe(503);
    expect((await stand.report()).breaker).toMatchObject({ state: 'open' });
    expect(stand.events).toContainEqual({
      type: 'breaker.changed',
      routeId: 'app',
      endpoint: undefined,
      state: 'open',
    });
  });
});

describe('a reload', () => {
  it('keeps circuits as long as the route asks for the same', async () => {
    const stand = await stopped([await deadPort()], { route: QOS, gateway: ONCE });
    for (let connect = 0; connect < 3; connect += 1) await stand.upgrade();
    await stand.reload({ route: { ...QOS, Metadata: { a: 'b' } }, gateway: ONCE });
    expect((await stand.upgrade()).status).toBe(503);
    await stand.reload({ route: { QoSOptions: { MinimumThroughput: 4 } }, gateway: ONCE });
    expect((await stand.upgrade()).status).toBe(502);
  });

  it('keeps the circuit of an endpoint that stays when another one joins', async () => {
    const dead = await deadPort();
    const stand = await stopped([dead], { route: QOS, gateway: ONCE });
    for (let connect = 0; connect < 3; connect += 1) await stand.upgrade();
    const alive = await backend(answering(101));
    await stand.reload({ route: QOS, gateway: ONCE }, [dead, alive.port]);
    for (let connect = 0; connect < 4; connect += 1) expect((await stand.upgrade()).status).toBe(101);
  });

  it('tells that circuits it forgets are closed, and what is still broken', async () => {
    const stand = await stopped([await deadPort()], {
      route: QOS,
      gateway: ONCE,
      resilience: {},
    });
    for (let connect = 0; connect < 3; connect += 1) await stand.upgrade();
    await stand.reload({ route: { QoSOptions: { MinimumThroughput: 4 } }, gateway: ONCE });
    expect(stand.told('breaker.changed')).toEqual(['open', 'closed']);
  });

  it('ends the guarding of a route that asks for nothing any more', async () => {
    const stand = await stopped([await deadPort()], { route: QOS, gateway: ONCE });
    for (let connect = 0; connect < 3; connect += 1) await stand.upgrade();
    await stand.reload({ gateway: ONCE });
    expect((await stand.upgrade()).status).toBe(502);
    await expect(stand.report()).rejects.toThrow('no route is guarded');
  });
});

describe('Gateway.Resilience.RetryBudget', () => {
  it('stops failing over when the budget is spent, tells it once and counts it', async () => {
    const ports = [await deadPort(), await deadPort()];
    const stand = await stopped(ports, {
      resilience: { RetryBudget: { Ratio: 0, MinPerSecond: 0.2 } },
      gateway: {},
    });
    for (let connect = 0; connect < 5; connect += 1) expect((await stand.upgrade()).status).toBe(502);
    const attempts = stand.events.filter(({ type }) => type === 'attempt.started');
    expect(attempts).toHaveLength(7);
    expect((await stand.report()).retries).toEqual({ isSpent: true, refused: 3 });
    const told = stand.lines.filter(({ message }) => message === 'no retry: the budget of the route is spent');
    expect(told.map(({ level }) => level)).toEqual(['warn', 'debug', 'debug']);
    expect(stand.events).toContainEqual(expect.objectContaining({ type: 'limit.reached', limit: 'retries' }));
  });

  it('takes nothing from the budget where no other endpoint may be used', async () => {
    const closing = await backend(async (connection) => {
      await connection.readHead();
      connection.destroy();
    });
    const stand = await startStand([closing.port, await deadPort()], {
      resilience: {
        RetryBudget: { Ratio: 0, MinPerSecond: 0.2 },
        HealthCheck: { Type: 'tcp', IntervalMs: 60_000 },
      },
      random: () => 0,
    });
    await holds('the other is unhealthy', () => stand.told('endpoint.changed').includes('unhealthy'));
    for (let connect = 0; connect < 3; connect += 1) expect((await stand.upgrade()).status).toBe(502);
    expect((await stand.report()).retries).toEqual({ isSpent: false, refused: 0 });
  });
});

describe('Gateway.Resilience.Ejection', () => {
  it('ejects an endpoint that cannot be reached, for a growing time, and takes it back', async () => {
    const clock = new FakeClock();
    const dead = await deadPort();
    const alive = await backend(answering(101));
    const stand = await stopped([dead, alive.port], {
      resilience: { Ejection: { ConsecutiveFailures: 2, BaseMs: 1000 } },
      clock,
    });
    for (let connect = 0; connect < 8; connect += 1) expect((await stand.upgrade()).status).toBe(101);
    expect((await stand.report()).endpoints[0]).toMatchObject({ state: 'ejected', ejectedForMs: 1000 });
    clock.advance(1000);
    for (let connect = 0; connect < 8; connect += 1) await stand.upgrade();
    expect((await stand.report()).endpoints[0]).toMatchObject({ state: 'ejected', ejectedForMs: 2000 });
    expect(stand.told('endpoint.changed')).toEqual(['ejected', 'healthy', 'ejected']);
  });

  it('never ejects more than its share: the only endpoint stays', async () => {
    const stand = await stopped([await deadPort()], {
      resilience: { Ejection: { ConsecutiveFailures: 1 } },
    });
    for (let connect = 0; connect < 4; connect += 1) expect((await stand.upgrade()).status).toBe(502);
  });

  it('answers 503 with Retry-After when all may be ejected and are', async () => {
    const stand = await stopped([await deadPort()], {
      resilience: { Ejection: { ConsecutiveFailures: 1, BaseMs: 7000, MaxEjectedPercent: 100 } },
    });
    await stand.upgrade();
    const refused = await stand.upgrade();
    expect([refused.status, refused.get('retry-after')]).toEqual([503, '7']);
    expect(stand.events).toContainEqual(
      expect.objectContaining({ type: 'upgrade.refused', errorCode: 'OCELOT_ERR_NO_ENDPOINT' }),
    );
  });

  it('ejects an endpoint that cuts its sessions soon after the 101', async () => {
    const dying = await backend(async (connection) => {
      await connection.accept();
      connection.reset();
    });
    const stand = await stopped([dying.port], {
      resilience: { Ejection: { ConsecutiveFailures: 2, EarlyDeathMs: 5000, MaxEjectedPercent: 100 } },
    });
    for (let session = 0; session < 2; session += 1) {
      const client = await stand.client();
      await client.upgrade();
      await client.readBytes(2); // The Close frame; what answers it does not matter here.
      client.destroy();
    }
    await holds('it is ejected', () => stand.told('endpoint.changed').includes('ejected'));
    expect((await stand.upgrade()).status).toBe(503);
  });
});

describe('QoSOptions out of range', () => {
  it('are told of once for all services of dynamic routing, whose names clients choose', async () => {
    const registry: Plugin = {
      name: 'registry',
      setup(plugins) {
        plugins.discovery('list', () => ({
          subscribe: (_service, observer) => {
            const told = setImmediate(() => observer.next([]));
            return { unsubscribe: () => clearImmediate(told) };
          },
          close: () => Promise.resolve(),
        }));
      },
    };
    const stand = await startStand([], {
      isDynamic: true,
      plugins: [registry],
      global: {
        ServiceDiscoveryProvider: { Type: 'list', Host: 'localhost', Port: 1 },
        DownstreamScheme: 'ws',
        QoSOptions: { MinimumThroughput: 2, BreakDuration: 1 },
      },
    });
    for (const name of ['a', 'b', 'c']) expect((await stand.upgrade(`/${name}/ws`)).status).toBe(503);
    expect(stand.lines.filter(({ message }) => message.startsWith('an option of QoSOptions'))).toHaveLength(1);
  });

  it('are replaced by their defaults, with a warning at load', async () => {
    const { port } = await backend();
    const stand = await stopped([port], { route: { QoSOptions: { MinimumThroughput: 2, BreakDuration: 1 } } });
    expect(stand.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'an option of QoSOptions is out of range: its default holds',
        fields: expect.objectContaining({ route: 'app', value: 1, replacedBy: 5000 }),
      }),
    );
  });
});

describe('Gateway.Resilience.SlowStartMs', () => {
  it('is left out, with a warning, on a route whose balancer keeps clients with their endpoint', async () => {
    const { port } = await backend();
    const stand = await stopped([port], {
      resilience: { SlowStartMs: 1000 },
      route: { LoadBalancerOptions: { Type: 'ConsistentHash' } },
    });
    expect(stand.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'no slow start on this route: its balancer keeps clients with their endpoint',
      }),
    );
  });

  it('gives an endpoint that joins a growing share', async () => {
    const clock = new FakeClock();
    const [first, second] = [await backend(answering(200)), await backend(answering(200))];
    let random = 0.5;
    const options = { resilience: { SlowStartMs: 10_000 }, clock, random: () => random };
    const stand = await stopped([first.port], options);
    await stand.reload(options, [first.port, second.port]);
    for (let request = 0; request < 4; request += 1) await stand.get();
    expect(second.connections).toHaveLength(0);
    random = 0.05;
    for (let request = 0; request < 4; request += 1) await stand.get();
    expect(second.connections.length).toBeGreaterThan(0);
    expect((await stand.report()).endpoints[1]?.state).toBe('warming');
    clock.advance(10_000);
    expect((await stand.report()).endpoints[1]?.state).toBe('healthy');
  });
});
