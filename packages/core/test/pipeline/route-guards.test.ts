import { describe, expect, it } from 'vitest';

import {
  ConfigError,
  createGateway,
  type Endpoint,
  type EndpointGuard,
  type EndpointLoad,
  type EndpointObserver,
  type Gateway,
  type GatewayConfig,
  GatewayError,
  type Plugin,
  type Route,
  type RouteGuard,
} from '../../src/index.js';
import { MemoryLogger } from '../../src/testing/index.js';
import { request } from '../make-request.js';
import { config, endpoint, route } from '../make-route.js';

const live = (): AbortSignal => new AbortController().signal;
const end = (gateway: Gateway): Promise<unknown> => gateway.drain({ deadlineMs: 0 });

const plugin = (definition: EndpointGuard): Plugin => ({
  name: `plugin of ${definition.name}`,
  setup: (to) => to.guard(definition),
});
const guard = (made: Partial<RouteGuard>, name = 'guard'): Plugin =>
  plugin({ name, forRoute: () => ({ filter: (candidates) => candidates, ...made }) });

const to = (...ports: number[]): Partial<Route> => ({
  source: { kind: 'static', endpoints: ports.map((port) => endpoint(port)) },
});
const portsOf = (list: readonly Endpoint[]): string => list.map(({ port }) => port).join();

async function admittedTo(gateway: Gateway, path = '/'): Promise<number> {
  const admission = await gateway.admit(request({ path }), live());
  const { port } = admission.lease.endpoint;
  admission.finish({ outcome: 'completed' });
  return port;
}

const refusalOf = (gateway: Gateway): Promise<GatewayError> =>
  gateway.admit(request(), live()).then(
    () => {
      throw new Error('it was admitted');
    },
    (error: unknown) => error as GatewayError,
  );

describe('a guard of endpoints', () => {
  it('decides which endpoints may be used; several are asked in the order of registration', async () => {
    const seen: string[] = [];
    const without =
      (port: number): RouteGuard['filter'] =>
      (candidates) => {
        seen.push(candidates.map((each) => each.endpoint.port).join());
        return candidates.filter((each) => each.endpoint.port !== port);
      };
    const plugins = [guard({ filter: without(1) }, 'first'), guard({ filter: without(2) }, 'second')];
    const gateway = await createGateway({ config: config([route('/', to(1, 2, 3))]), plugins });
    expect(await admittedTo(gateway)).toBe(3);
    expect(seen).toEqual(['1,2,3', '2,3']);
    await end(gateway);
  });

  it('hands policies the candidates themselves when it lets all of them through: they cache on the identity', async () => {
    const given: (readonly EndpointLoad[])[] = [];
    const policy: Plugin = {
      name: 'first of all',
      setup: (registry) =>
        registry.balancing('First', () => ({
          pick: (candidates) => {
            given.push(candidates);
            const [first] = candidates;
            if (first === undefined) throw new Error('never empty');
            return first;
          },
        })),
    };
    const only = route('/', { ...to(1, 2), balancing: { type: 'First', options: {} } });
    const gateway = await createGateway({ config: config([only]), plugins: [policy, guard({})] });
    await admittedTo(gateway);
    await admittedTo(gateway);
    expect(given[0]).toBe(given[1]);
    await end(gateway);
  });

  it('says what a request is refused with when it leaves none; NO_ENDPOINT (503) when it says nothing', async () => {
    const seen: string[] = [];
    const closed = guard({
      filter: () => [],
      unavailable: ({ route: { id } }) => {
        seen.push(id);
        return new GatewayError('OCELOT_ERR_CIRCUIT_OPEN', { headers: { 'Retry-After': '5' } });
      },
    });
    const later = guard({ unavailable: () => new GatewayError('OCELOT_ERR_FORBIDDEN') }, 'later');
    const gateway = await createGateway({ config: config([route('/')]), plugins: [closed, later] });
    expect(await refusalOf(gateway)).toMatchObject({
      code: 'OCELOT_ERR_CIRCUIT_OPEN',
      status: 503,
      headers: { 'Retry-After': '5' },
      details: { routeId: '/' },
    });
    expect(seen).toEqual(['/']);
    await end(gateway);

    const silent = await createGateway({ config: config([route('/')]), plugins: [guard({ filter: () => [] })] });
    expect(await refusalOf(silent)).toMatchObject({ code: 'OCELOT_ERR_NO_ENDPOINT' });
    await end(silent);
  });

  it('is not asked what to say where there is no endpoint at all', async () => {
    const never = guard({ unavailable: () => new GatewayError('OCELOT_ERR_CIRCUIT_OPEN') });
    const gateway = await createGateway({ config: config([route('/', to())]), plugins: [never] });
    expect(await refusalOf(gateway)).toMatchObject({ code: 'OCELOT_ERR_NO_ENDPOINT' });
    await end(gateway);
  });

  it('may forbid a retry, and is asked only where there is another endpoint and an attempt left', async () => {
    const asked: string[] = [];
    const miser = guard({
      mayRetry: (cause, { id }) => {
        asked.push(`${cause.code} ${id === '' ? 'nobody' : 'exchange'}`);
        return asked.length > 1;
      },
    });
    const routes = [
      route('/', to(1, 2)),
      route('/one', { id: 'one', ...to(1) }),
      route('/none', { ...to(1, 2), retryAttempts: 0 }),
    ];
    const gateway = await createGateway({ config: config(routes), plugins: [miser] });
    const cause = new GatewayError('OCELOT_ERR_BACKEND_LOST');
    const retried = async (path: string): Promise<number | undefined> => {
      const admission = await gateway.admit(request({ path }), live());
      const port = admission.nextLease(cause)?.endpoint.port;
      admission.finish({ outcome: 'refused', error: cause });
      return port;
    };
    expect([await retried('/'), await retried('/'), await retried('/one'), await retried('/none')]).toEqual([
      undefined,
      2,
      undefined,
      undefined,
    ]);
    expect(asked).toEqual(['OCELOT_ERR_BACKEND_LOST exchange', 'OCELOT_ERR_BACKEND_LOST exchange']);
    await end(gateway);
  });

  it('is told of the endpoints at the start and when they change, and of its end once', async () => {
    const told: string[] = [];
    let observer: EndpointObserver | undefined;
    const registry: Plugin = {
      name: 'registry',
      setup: (to) =>
        to.discovery('Scripted', () => ({
          subscribe: (_, given) => {
            observer = given;
            queueMicrotask(() => given.next([endpoint(1)]));
            return { unsubscribe: () => undefined };
          },
          close: () => Promise.resolve(),
        })),
    };
    const witness = guard({
      endpoints: (list) => void told.push(`endpoints ${portsOf(list)}`),
      close: () => void told.push('close'),
    });
    const discovered = (path: string): GatewayConfig =>
      config([route(path, { source: { kind: 'discovered', service: { name: 'a', namespace: '' } } })], {
        discovery: { type: 'Scripted', options: {}, location: 'here' },
      });
    const gateway = await createGateway({ config: discovered('/'), plugins: [registry, witness] });
    expect(told).toEqual(['endpoints ', 'endpoints 1']);
    observer?.next([endpoint(1), endpoint(2), endpoint(2)]);
    observer?.next([endpoint(1), endpoint(2)]);
    expect(told.slice(2)).toEqual(['endpoints 1,2']);
    await gateway.reload(discovered('/b'));
    expect(told.slice(3)).toEqual(['endpoints 1,2', 'close']);
    observer?.next([endpoint(3)]);
    expect(told.slice(5)).toEqual(['endpoints 3']);
    await end(gateway);
    expect(told.slice(6)).toEqual(['close']);
  });

  it('is closed when the configuration it was made for is refused', async () => {
    const told: string[] = [];
    const witness = plugin({
      name: 'witness',
      forRoute: ({ id }) => ({ filter: (candidates) => candidates, close: () => void told.push(`close ${id}`) }),
    });
    const fussy = plugin({
      name: 'fussy',
      forRoute: ({ id, location }) => {
        if (id !== '/bad') return undefined;
        const issue = { severity: 'error' as const, kind: 'K', source: `${location}/QoSOptions`, message: 'no.' };
        throw new ConfigError([issue]);
      },
    });
    const gateway = await createGateway({ config: config([route('/')]), plugins: [witness, fussy] });
    const refused = gateway.reload(config([route('/good'), route('/bad'), route('/better')]));
    await expect(refused).rejects.toThrow('ocelot.json#/bad/QoSOptions: no.');
    expect(told.toSorted()).toEqual(['close /bad', 'close /better', 'close /good']);
    expect(await admittedTo(gateway)).toBe(1);
    await end(gateway);
    expect(told).toHaveLength(4);
  });

  it('is handed the route and the configuration it is part of, and costs other routes nothing', async () => {
    const seen: string[] = [];
    const picky = plugin({
      name: 'picky',
      forRoute: ({ id }, { global }) => {
        seen.push(`${id} ${JSON.stringify(global)}`);
        return id === '/a' ? { filter: () => [] } : undefined;
      },
    });
    const both = config([route('/a'), route('/b')], { global: { RequestIdKey: 'X' } });
    const gateway = await createGateway({ config: both, plugins: [picky] });
    expect(seen).toEqual(['/a {"RequestIdKey":"X"}', '/b {"RequestIdKey":"X"}']);
    expect(await admittedTo(gateway, '/b')).toBe(1);
    await end(gateway);
  });

  it('refuses the request with STAGE_FAILED when its decision throws, and is logged when anything else does', async () => {
    const log = new MemoryLogger();
    const boom = (): never => {
      throw new Error('boom');
    };
    const deciding = await createGateway({ config: config([route('/')]), plugins: [guard({ filter: boom })] });
    expect(await refusalOf(deciding)).toMatchObject({ code: 'OCELOT_ERR_STAGE_FAILED' });
    await end(deciding);

    const told = guard({ begin: () => boom, endpoints: boom, close: boom });
    const gateway = await createGateway({
      config: config([route('/')]),
      plugins: [told, guard({ begin: boom }, 'b')],
      log,
    });
    expect(await admittedTo(gateway)).toBe(1);
    await end(gateway);
    expect(log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields)).toMatchObject([
      { guard: 'guard' },
      { guard: 'b' },
      { guard: 'guard' },
      { guard: 'guard' },
    ]);
  });

  it('leaves the cause of a failure the answer when the choice of another endpoint throws', async () => {
    const log = new MemoryLogger();
    let calls = 0;
    const filter: RouteGuard['filter'] = (candidates) => {
      calls += 1;
      if (calls > 1) throw new Error('boom');
      return candidates;
    };
    const gateway = await createGateway({ config: config([route('/', to(1, 2))]), plugins: [guard({ filter })], log });
    const admission = await gateway.admit(request(), live());
    expect(admission.nextLease(new GatewayError('OCELOT_ERR_BACKEND_LOST'))).toBeUndefined();
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', message: 'another endpoint could not be chosen' });
    admission.finish({ outcome: 'refused' });
    await end(gateway);
  });
});

describe('guards under dynamic routing', () => {
  it('are made for each service with its first request, checked at the start, and closed when it is evicted', async () => {
    const told: string[] = [];
    const fallback = route('/{everything}', {
      id: 'dynamic',
      source: { kind: 'discovered', service: { name: '', namespace: '' } },
    });
    const witness = plugin({
      name: 'witness',
      forRoute: ({ id }) => {
        told.push(`made ${id}`);
        return { filter: (candidates) => candidates, close: () => void told.push(`close ${id}`) };
      },
    });
    const registry: Plugin = {
      name: 'registry',
      setup: (to) =>
        to.discovery('Scripted', () => ({
          subscribe: (_, observer) => {
            queueMicrotask(() => observer.next([endpoint(1)]));
            return { unsubscribe: () => undefined };
          },
          close: () => Promise.resolve(),
        })),
    };
    const gateway = await createGateway({
      config: config([], {
        dynamic: { fallback, entries: [] },
        discovery: { type: 'Scripted', options: {}, location: 'here' },
      }),
      plugins: [registry, witness],
    });
    expect(told).toEqual(['made dynamic', 'close dynamic']);
    expect(await admittedTo(gateway, '/chat/1')).toBe(1);
    expect(told.slice(2)).toEqual(['made dynamic:chat']);
    for (let n = 0; n < 256; n++) await admittedTo(gateway, `/s${n}/x`);
    expect(told.filter((line) => line.startsWith('close'))).toEqual(['close dynamic', 'close dynamic:chat']);
    await end(gateway);
    expect(told.filter((line) => line.startsWith('close'))).toHaveLength(258);
  });
});
