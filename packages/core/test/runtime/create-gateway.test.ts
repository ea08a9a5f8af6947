import { describe, expect, it } from 'vitest';

import {
  ConfigError,
  createConnectionLedger,
  createGateway,
  createSlot,
  GatewayError,
  type Admission,
  type EndpointObserver,
  type Gateway,
  type GatewayConfig,
  type GatewayEvent,
  type GatewayGroup,
  type GatewayOptions,
  type NoteBoard,
  type Plugin,
  type Route,
  type ServiceRef,
  type Session,
  type SessionSummary,
  type StageDefinition,
} from '../../src/index.js';
import { FakeClock, MemoryLogger } from '../../src/testing/index.js';
import { config, endpoint, route } from '../make-route.js';
import { request } from '../make-request.js';

/** Ends a gateway without waiting for the admissions that a test left open. */
const limits = (maxConnections: number): Route['limits'] => ({ ...route('/').limits, maxConnections });
const end = (gateway: Gateway): Promise<unknown> => gateway.drain({ deadlineMs: 0 });

const live = (): AbortSignal => new AbortController().signal;

async function gatewayOf(routes: readonly Route[], options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  return createGateway({ config: config(routes), ...options });
}

/** A registry that a test speaks for. */
function registry(): Plugin & {
  readonly watched: ServiceRef[];
  readonly ended: string[];
  tell(service: string, ...ports: number[]): void;
  fail(service: string): void;
} {
  const observers = new Map<string, EndpointObserver>();
  const watched: ServiceRef[] = [];
  const ended: string[] = [];
  const observer = (service: string): EndpointObserver => {
    const found = observers.get(service);
    if (found === undefined) throw new Error(`nobody watches ${service}`);
    return found;
  };
  return {
    name: 'scripted registry',
    watched,
    ended,
    tell: (service, ...ports) => observer(service).next(ports.map((port) => endpoint(port))),
    fail: (service) => observer(service).failed(new Error('connect ECONNREFUSED')),
    setup: (to) =>
      to.discovery('Scripted', () => ({
        subscribe: (service, given) => {
          watched.push(service);
          observers.set(service.name, given);
          return { unsubscribe: () => void ended.push(service.name) };
        },
        close: () => {
          ended.push('provider');
          return Promise.resolve();
        },
      })),
  };
}

const discovery = { type: 'scripted', options: { Host: 'registry' }, location: 'ocelot.json#/GlobalConfiguration' };
const discovered = (path: string, name: string, extra: Partial<Route> = {}): Route =>
  route(path, { source: { kind: 'discovered', service: { name, namespace: '' } }, ...extra });
const withRegistry = (routes: readonly Route[]): GatewayConfig => config(routes, { discovery });

const stage = (definition: StageDefinition): Plugin => ({
  name: `plugin of ${definition.name}`,
  setup: (to) => to.stage(definition),
});

const portOf = (admission: Admission): number => admission.lease.endpoint.port;

describe('createGateway', () => {
  it('tells the settings in force, which a reload exchanges', async () => {
    const gateway = await gatewayOf([]);
    const { settings } = config([]);
    expect(gateway.settings).toEqual(settings);
    await gateway.reload(config([], { settings: { ...settings, ocelotStatusCodes: true } }));
    expect(gateway.settings.ocelotStatusCodes).toBe(true);
    await end(gateway);
  });

  it('admits a request that a route answers, with the rewritten target and a lease', async () => {
    const gateway = await gatewayOf([route('/chat/{room}', { id: 'chat', rewrite: { pathTemplate: '/ws/{room}' } })]);
    const admission = await gateway.admit(request({ path: '/chat/7', query: '?x=1' }), live());
    expect(admission.route.id).toBe('chat');
    expect(admission.params).toEqual({ room: '7' });
    expect(admission.outgoing.path + admission.outgoing.query).toBe('/ws/7?x=1');
    expect(portOf(admission)).toBe(1);
    admission.finish({ outcome: 'completed' });
    await end(gateway);
  });

  it('refuses with ROUTE_NOT_FOUND (404), naming the exchange, when no route answers', async () => {
    const gateway = await gatewayOf([route('/chat')]);
    await expect(gateway.admit(request({ path: '/other' }), live())).rejects.toMatchObject({
      code: 'OCELOT_ERR_ROUTE_NOT_FOUND',
      status: 404,
      details: { exchangeId: expect.any(String) },
    });
    await end(gateway);
  });

  it('refuses with NO_ENDPOINT (503), or 404 under OcelotStatusCodes, when the route has no endpoint', async () => {
    const empty = route('/', { id: 'empty', source: { kind: 'static', endpoints: [] } });
    const gateway = await gatewayOf([empty]);
    const refusal = await gateway.admit(request(), live()).catch((error: unknown) => error as GatewayError);
    expect(refusal).toMatchObject({ code: 'OCELOT_ERR_NO_ENDPOINT', status: 503, details: { routeId: 'empty' } });
    expect(gateway.statusOf(refusal as GatewayError)).toBe(503);
    const settings = { ...config([]).settings, ocelotStatusCodes: true };
    await gateway.reload(config([empty], { settings }));
    expect(gateway.statusOf(refusal as GatewayError)).toBe(404);
    expect(gateway.statusOf(new GatewayError('OCELOT_ERR_BACKEND_TIMEOUT'))).toBe(503);
    await end(gateway);
  });

  it('runs stages of the phase begin before anything may refuse, also those of requests that are refused', async () => {
    const seen: string[] = [];
    const begins = stage({
      name: 'trace',
      phase: 'begin',
      forRoute: () => (exchange) => {
        seen.push('begin');
        exchange.defer(({ outcome, error }) => seen.push(`${outcome} ${error?.code ?? ''}`));
      },
    });
    const blocked = { allowed: [], blocked: ['192.0.2.1'], excludeAllowedFromBlocked: false };
    const gateway = await gatewayOf([route('/', { ipRules: blocked })], { plugins: [begins] });
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN' });
    expect(seen).toEqual(['begin', 'refused OCELOT_ERR_FORBIDDEN']);
    await end(gateway);
  });

  it('hands stages the configuration that their route is part of', async () => {
    const seen: unknown[] = [];
    const plugin = stage({ name: 's', phase: 'admit', forRoute: (_, { global }) => void seen.push(global) });
    const global = { Gateway: { Telemetry: {} } };
    const gateway = await createGateway({ config: config([route('/')], { global }), plugins: [plugin] });
    expect(seen).toEqual([global]);
    await end(gateway);
  });

  it('runs stages by phase: admit, authenticate, authorize, transform; a plugin’s order within a phase', async () => {
    const ran: string[] = [];
    const note = (name: string, phase: StageDefinition['phase']): Plugin =>
      stage({ name, phase, forRoute: () => () => void ran.push(name) });
    const gateway = await gatewayOf([route('/')], {
      plugins: [
        note('t', 'transform'),
        note('z', 'authorize'),
        note('a1', 'admit'),
        note('a2', 'admit'),
        note('n', 'authenticate'),
      ],
    });
    await gateway.admit(request(), live());
    expect(ran).toEqual(['a1', 'a2', 'n', 'z', 't']);
    await end(gateway);
  });

  it('does not run a stage on a route that its definition declines', async () => {
    let runs = 0;
    const only = stage({
      name: 's',
      phase: 'admit',
      forRoute: ({ id }) => (id === '/a' ? () => void (runs += 1) : undefined),
    });
    const gateway = await gatewayOf([route('/a'), route('/b')], { plugins: [only] });
    await gateway.admit(request({ path: '/b' }), live());
    expect(runs).toBe(0);
    await gateway.admit(request({ path: '/a' }), live());
    expect(runs).toBe(1);
    await end(gateway);
  });

  it('gives the relay the taps of the route in the order of registration, without those that decline it', async () => {
    const observe = (): { frame(): void } => ({ frame() {} });
    const plugin: Plugin = {
      name: 'watchers',
      setup(to) {
        to.tap({ name: 'first', forRoute: () => ({ observe }) });
        to.tap({ name: 'elsewhere', forRoute: ({ id }) => (id === 'other' ? { observe } : undefined) });
        to.tap({ name: 'second', forRoute: () => ({ message: () => (message) => message }) });
      },
    };
    const gateway = await gatewayOf([route('/')], { plugins: [plugin] });
    const admission = await gateway.admit(request(), live());
    expect(admission.taps.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(admission.taps[0]?.tap.observe).toBe(observe);
    await end(gateway);
  });

  it('keeps what a stage stores for those who hold the slot', async () => {
    const user = createSlot<string>('user');
    const other = createSlot<string>('user');
    const plugin = stage({ name: 's', phase: 'authenticate', forRoute: () => (exchange) => exchange.set(user, 'ada') });
    const gateway = await gatewayOf([route('/')], { plugins: [plugin] });
    const admission = await gateway.admit(request(), live());
    expect(admission.get(user)).toBe('ada');
    expect(admission.get(other)).toBeUndefined();
    await end(gateway);
  });

  it('runs deferred callbacks last in first out, each once, also when one throws, and releases the lease', async () => {
    const order: string[] = [];
    const plugin = stage({
      name: 's',
      phase: 'admit',
      forRoute: () => (exchange) => {
        exchange.defer(() => void order.push('first'));
        exchange.defer(() => {
          throw new Error('broken');
        });
        exchange.defer((end) => void order.push(end.outcome));
      },
    });
    const log = new MemoryLogger();
    const gateway = await gatewayOf([route('/')], { plugins: [plugin], log });
    const admission = await gateway.admit(request(), live());
    admission.finish({ outcome: 'completed' });
    admission.finish({ outcome: 'completed' });
    expect(order).toEqual(['completed', 'first']);
    expect(log.lines.map((line) => line.message)).toContain('a deferred callback failed');
    await end(gateway);
  });

  it('runs the deferred callbacks of a refused request with the refusal', async () => {
    const ends: unknown[] = [];
    const remember = stage({
      name: 'a',
      phase: 'admit',
      forRoute: () => (exchange) => exchange.defer((end) => ends.push(end)),
    });
    const refuse = stage({
      name: 'b',
      phase: 'authorize',
      forRoute: () => () => {
        throw new GatewayError('OCELOT_ERR_FORBIDDEN');
      },
    });
    const gateway = await gatewayOf([route('/')], { plugins: [remember, refuse] });
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', status: 403 });
    expect(ends).toEqual([{ outcome: 'refused', error: expect.objectContaining({ code: 'OCELOT_ERR_FORBIDDEN' }) }]);
    await end(gateway);
  });

  it('gives stages a real signal where the relay has something lighter, and passes on why it was given up', async () => {
    let seen: AbortSignal | undefined;
    const plugin = stage({
      name: 'waits',
      phase: 'admit',
      forRoute: () => (exchange) => {
        seen = exchange.signal;
        return new Promise(() => undefined);
      },
    });
    const listeners: (() => void)[] = [];
    const reason = new GatewayError('OCELOT_ERR_HANDSHAKE_TIMEOUT');
    const light = {
      aborted: false,
      reason: undefined as unknown,
      addEventListener: (_type: 'abort', listener: () => void) => void listeners.push(listener),
      removeEventListener: () => undefined,
    };
    const gateway = await gatewayOf([route('/')], { plugins: [plugin] });
    const admitted = gateway.admit(request(), light);
    Object.assign(light, { aborted: true, reason });
    for (const listener of listeners) listener();
    await expect(admitted).rejects.toMatchObject({ code: 'OCELOT_ERR_HANDSHAKE_TIMEOUT' });
    expect(seen).toBeInstanceOf(AbortSignal);
    expect(seen?.reason).toBe(reason);
    await end(gateway);
  });

  it('lets go of what only the handshake needs once the session is open', async () => {
    const gateway = await gatewayOf([route('/')]);
    const abort = new AbortController();
    const admission = await gateway.admit(request(), abort.signal);
    const { endpoint: leased } = admission.lease;
    admission.opened();
    admission.opened();
    expect(() => admission.outgoing).toThrow(/gone once the session is open/);
    expect(admission.nextLease(new GatewayError('OCELOT_ERR_BACKEND_LOST'))).toBeUndefined();
    expect(admission.lease.endpoint).toBe(leased);
    abort.abort();
    expect(admission.signal.aborted).toBe(false);
    await end(gateway);
  });

  it('gives a request up when its client leaves while a stage waits, and passes on why', async () => {
    const waits = stage({ name: 'slow', phase: 'authenticate', forRoute: () => () => new Promise(() => undefined) });
    const gateway = await gatewayOf([route('/')], { plugins: [waits] });
    const controller = new AbortController();
    const admitting = gateway.admit(request(), controller.signal);
    controller.abort(new GatewayError('OCELOT_ERR_CLIENT_GONE'));
    await expect(admitting).rejects.toMatchObject({ code: 'OCELOT_ERR_CLIENT_GONE' });
    await end(gateway);
  });

  it('takes the next endpoint on failover, never the same twice, no more often than Retry.Attempts', async () => {
    const many = route('/', {
      source: { kind: 'static', endpoints: [1, 2, 3, 4].map((port) => endpoint(port)) },
      retryAttempts: 2,
    });
    const gateway = await gatewayOf([many]);
    const admission = await gateway.admit(request(), live());
    const cause = new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE');
    expect(portOf(admission)).toBe(1);
    expect(admission.nextLease(cause)?.endpoint.port).toBe(2);
    expect(admission.nextLease(cause)?.endpoint.port).toBe(3);
    expect(admission.nextLease(cause)).toBeUndefined();
    await end(gateway);
  });

  it('closes a route whose protection no plugin enforces, and opens it for a stage that does', async () => {
    const guarded = route('/', { unenforced: ['AuthenticationOptions'] });
    const open = await gatewayOf([guarded]);
    await expect(open.admit(request(), live())).rejects.toMatchObject({
      code: 'OCELOT_ERR_FORBIDDEN',
      details: { keys: ['AuthenticationOptions'] },
    });
    await end(open);
    const auth = stage({
      name: 'auth',
      phase: 'authenticate',
      enforces: ['AuthenticationOptions'],
      forRoute: () => () => undefined,
    });
    const enforced = await gatewayOf([guarded], { plugins: [auth] });
    await expect(enforced.admit(request(), live())).resolves.toBeDefined();
    await end(enforced);
  });

  it('keeps a route closed that the stage which enforces its protection elsewhere declines', async () => {
    const guarded = route('/', { unenforced: ['AuthenticationOptions'] });
    const declines = stage({
      name: 'auth',
      phase: 'authenticate',
      enforces: ['AuthenticationOptions'],
      forRoute: () => undefined,
    });
    const gateway = await gatewayOf([guarded], { plugins: [declines] });
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', status: 403 });
    await end(gateway);
  });

  it('refuses addresses that SecurityOptions block (403)', async () => {
    const gateway = await gatewayOf([
      route('/', { ipRules: { allowed: [], blocked: ['192.0.2.0/24'], excludeAllowedFromBlocked: false } }),
    ]);
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', status: 403 });
    await end(gateway);
  });

  it('judges the client behind a trusted proxy by its own address, and one behind a stranger by the stranger’s', async () => {
    const guarded = route('/', {
      ipRules: { allowed: ['203.0.113.9'], blocked: [], excludeAllowedFromBlocked: false },
    });
    const forwarded = request({ headers: { 'x-forwarded-for': '203.0.113.9' } });
    const strict = await gatewayOf([guarded]);
    await expect(strict.admit(forwarded, live())).rejects.toMatchObject({ status: 403 });
    const settings = { ...config([]).settings, trustedProxies: ['192.0.2.0/24'] };
    await strict.reload(config([guarded], { settings }));
    const admission = await strict.admit(forwarded, live());
    expect(admission.clientAddress).toBe('203.0.113.9');
    await end(strict);
  });

  it('refuses other origins under AllowedOrigins (403)', async () => {
    const gateway = await gatewayOf([route('/', { allowedOrigins: ['https://app.example'] })]);
    await expect(gateway.admit(request({ headers: { origin: 'https://evil.example' } }), live())).rejects.toMatchObject(
      { status: 403 },
    );
    await expect(gateway.admit(request({ headers: { origin: 'https://app.example' } }), live())).resolves.toBeDefined();
    await end(gateway);
  });

  it('frees the place under MaxConnections when the admission is finished', async () => {
    const gateway = await gatewayOf([route('/', { limits: limits(1) })]);
    const first = await gateway.admit(request(), live());
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ status: 503 });
    first.finish({ outcome: 'completed' });
    await expect(gateway.admit(request(), live())).resolves.toBeDefined();
    await end(gateway);
  });
});

describe('a gateway that cannot start', () => {
  it('closes the plugins that were set up before the one that failed', async () => {
    let closed = 0;
    const first: Plugin = { name: 'first', setup: (to) => to.onClose(() => void (closed += 1)) };
    const broken: Plugin = { name: 'broken', setup: () => Promise.reject(new Error('no')) };
    await expect(gatewayOf([route('/')], { plugins: [first, broken] })).rejects.toThrow('plugin broken');
    expect(closed).toBe(1);
  });
});

describe('a gateway with discovery', () => {
  it('asks the registry once for a service that two routes use', async () => {
    const plugin = registry();
    const gateway = createGateway({
      config: withRegistry([discovered('/a', 'chat'), discovered('/b', 'chat')]),
      plugins: [plugin],
    });
    await new Promise(setImmediate);
    plugin.tell('chat', 1, 2);
    const admission = await (await gateway).admit(request({ path: '/b' }), live());
    expect(portOf(admission)).toBe(1);
    expect(plugin.watched).toHaveLength(1);
    await end(await gateway);
    expect(plugin.ended).toEqual(['chat', 'provider']);
  });

  it('starts after startTimeoutMs without endpoints, says so, and serves once they come', async () => {
    const plugin = registry();
    const clock = new FakeClock();
    const log = new MemoryLogger();
    const starting = createGateway({
      config: withRegistry([discovered('/', 'chat')]),
      plugins: [plugin],
      clock,
      log,
      startTimeoutMs: 500,
    });
    await new Promise(setImmediate);
    clock.advance(500);
    const gateway = await starting;
    expect(log.lines.find((line) => line.level === 'warn')?.fields).toMatchObject({ services: ['chat'] });
    plugin.fail('chat');
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ status: 503 });
    plugin.tell('chat', 7);
    expect(portOf(await gateway.admit(request(), live()))).toBe(7);
    await end(gateway);
  });

  it('names the package for a Type that nobody registered, and lists those that are', async () => {
    const consul = config([discovered('/', 'chat')], { discovery: { ...discovery, type: 'Consul' } });
    const starting = createGateway({ config: consul, plugins: [registry()] });
    await expect(starting).rejects.toThrow(ConfigError);
    await expect(starting).rejects.toThrow(
      'the discovery type "Consul" is not registered (registered: Scripted). Run: npm install @ocelot/discovery-consul',
    );
  });

  it('reports the unknown types of all routes at once', async () => {
    const bad = ['RoundRobin', 'Mine'].map((type) => route(`/${type}`, { balancing: { type, options: {} } }));
    const error = await gatewayOf(bad).catch((caught: unknown) => caught as ConfigError);
    expect((error as ConfigError).issues.map((issue) => issue.kind)).toEqual(['PluginMissing', 'PluginMissing']);
    expect((error as ConfigError).message).toContain('npm install @ocelot/lb');
    expect((error as ConfigError).message).toContain('write-a-balancing-policy');
  });

  it('names the section of the route for an unknown type only when the type stands there', async () => {
    const balancing = { type: 'Mine', options: {} };
    const own = route('/own', { balancing, file: { LoadBalancerOptions: { Type: 'Mine' } } });
    const inherited = route('/inherited', { balancing, file: { LoadBalancerOptions: { Key: 'a' } } });
    const error = await gatewayOf([own, inherited]).catch((caught: unknown) => caught as ConfigError);
    expect((error as ConfigError).issues.map((issue) => issue.source)).toEqual([
      `${own.location}/LoadBalancerOptions`,
      inherited.location,
    ]);
    expect((error as ConfigError).issues[1]?.message).toContain('of GlobalConfiguration');
  });

  it('passes on once why a provider refuses its options, however many routes need it', async () => {
    const picky: Plugin = {
      name: 'picky',
      setup: (to) =>
        to.discovery('scripted', () => {
          throw new Error('Scheme must be http');
        }),
    };
    const starting = createGateway({
      config: withRegistry([discovered('/a', 'a'), discovered('/b', 'b')]),
      plugins: [picky],
    });
    await expect(starting).rejects.toMatchObject({
      issues: [
        {
          kind: 'DiscoveryOptions',
          source: 'ocelot.json#/GlobalConfiguration',
          message: 'the discovery provider "scripted" refuses its options: Scheme must be http',
        },
      ],
    });
  });

  it('passes on why a policy refuses its options', async () => {
    const picky: Plugin = {
      name: 'picky',
      setup: (to) =>
        to.balancing('Picky', () => {
          throw new Error('Key must not be empty');
        }),
    };
    await expect(
      gatewayOf([route('/', { balancing: { type: 'picky', options: {} } })], { plugins: [picky] }),
    ).rejects.toThrow('the load balancer "picky" of GlobalConfiguration refuses its options: Key must not be empty');
  });

  it('tells policies which backends are theirs, alike for routes that share them, and when others join', async () => {
    const services: (string | undefined)[] = [];
    const spy: Plugin = {
      name: 'spy',
      setup: (to) =>
        to.balancing('Spy', (_options, { service }) => {
          services.push(service);
          return { pick: ([first]) => first ?? expect.fail('candidates is never empty') };
        }),
    };
    const balancing = { type: 'Spy', options: {} };
    const fixed = (path: string, ...ports: number[]): Route =>
      route(path, { balancing, source: { kind: 'static', endpoints: ports.map((port) => endpoint(port)) } });
    const discovering = registry();
    const gateway = await createGateway({
      config: withRegistry([
        fixed('/a', 1, 2),
        fixed('/b', 1, 2, 3),
        fixed('/c', 2),
        discovered('/d', 'x', { balancing }),
      ]),
      plugins: [spy, discovering],
      startTimeoutMs: 0,
    });
    const [a, b, c, d] = services;
    expect(a).toBe(b);
    expect(new Set([a, c, d]).size).toBe(3);
    expect(d).toBe('/x');
    await end(gateway);
  });
});

describe('Gateway.reload', () => {
  it('does nothing when the configuration says the same', async () => {
    const gateway = await gatewayOf([route('/')]);
    expect(await gateway.reload(config([route('/')]))).toEqual({ revision: 1 });
    expect(await gateway.reload(config([route('/other')]))).toEqual({ revision: 2 });
    await end(gateway);
  });

  it('keeps the configuration in force when the new one cannot be used, and records that', async () => {
    const events: GatewayEvent[] = [];
    const telemetry: Plugin = {
      name: 't',
      setup: (to) => to.telemetry({ record: (event) => void events.push(event) }),
    };
    const gateway = await gatewayOf([route('/')], { plugins: [telemetry] });
    await expect(gateway.reload(config([route('/x', { balancing: { type: 'Nope', options: {} } })]))).rejects.toThrow(
      ConfigError,
    );
    expect(gateway.revision).toBe(1);
    await expect(gateway.admit(request(), live())).resolves.toBeDefined();
    expect(events.map((event) => event.type).filter((type) => type.startsWith('config.'))).toEqual([
      'config.applied',
      'config.rejected',
    ]);
    await end(gateway);
  });

  it('ends the watches of a configuration that cannot be used', async () => {
    const plugin = registry();
    const picky = stage({
      name: 'picky',
      phase: 'admit',
      forRoute: ({ id }) => {
        if (id === '/bad') throw new Error('no');
        return undefined;
      },
    });
    const gateway = await createGateway({ config: withRegistry([route('/')]), plugins: [plugin, picky] });
    await expect(gateway.reload(withRegistry([discovered('/a', 'a'), route('/bad')]))).rejects.toThrow('no');
    expect(plugin.ended).toEqual(['a', 'provider']);
    await end(gateway);
  });

  it('keeps pools of unchanged routes with their counts and their policy', async () => {
    let made = 0;
    const plugin: Plugin = {
      name: 'p',
      setup: (to) =>
        to.balancing('Counted', () => {
          made += 1;
          return { pick: ([first]) => first ?? expect.fail() };
        }),
    };
    const kept = route('/', { balancing: { type: 'Counted', options: {} } });
    const gateway = await gatewayOf([kept], { plugins: [plugin] });
    await gateway.reload(config([kept, route('/more')]));
    expect(made).toBe(1);
    await end(gateway);
  });

  it('ends the watches of services that no route names any more', async () => {
    const plugin = registry();
    const starting = createGateway({ config: withRegistry([discovered('/a', 'a')]), plugins: [plugin] });
    await new Promise(setImmediate);
    plugin.tell('a', 1);
    const gateway = await starting;
    const reloading = gateway.reload(withRegistry([discovered('/b', 'b')]));
    await new Promise(setImmediate);
    plugin.tell('b', 2);
    await reloading;
    expect(plugin.ended).toEqual(['a']);
    expect(portOf(await gateway.admit(request({ path: '/b' }), live()))).toBe(2);
    await end(gateway);
    expect(plugin.ended).toEqual(['a', 'b', 'provider']);
  });

  it('counts the sockets of an older configuration under the limit of the newer one', async () => {
    const limited = (max: number): Route => route('/', { limits: limits(max) });
    const gateway = await gatewayOf([limited(1)]);
    const open = await gateway.admit(request(), live());
    await gateway.reload(config([limited(2)]));
    await gateway.admit(request(), live());
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ status: 503 });
    open.finish({ outcome: 'completed' });
    await expect(gateway.admit(request(), live())).resolves.toBeDefined();
    await end(gateway);
  });

  it('runs one after the other, in the order of the calls', async () => {
    const gateway = await gatewayOf([route('/')]);
    const revisions = await Promise.all([
      gateway.reload(config([route('/a')])),
      gateway.reload(config([route('/b')])),
      gateway.reload(config([route('/c')])),
    ]);
    expect(revisions.map((each) => each.revision)).toEqual([2, 3, 4]);
    expect(gateway.routes.map((each) => each.id)).toEqual(['/c']);
    await end(gateway);
  });
});

describe('Gateway.drain', () => {
  function session(id: string, leave = true): Session & { readonly asked: number[] } {
    const asked: number[] = [];
    let end: () => void = () => undefined;
    const closed = new Promise<SessionSummary>((resolve) => {
      end = () => resolve({} as SessionSummary);
    });
    const drain = (code: number): void => {
      asked.push(code);
      if (leave) end();
    };
    const nothing = { bytes: 0, messages: 0 };
    const counts = { fromClient: nothing, fromBackend: nothing };
    return { id, route: route('/'), closed, asked, ...counts, close: () => end(), drain, destroy: () => end() };
  }

  it('refuses new requests with DRAINING (503) and asks the open sessions to leave', async () => {
    const gateway = await gatewayOf([route('/')]);
    const one = session('1');
    gateway.adopt(one);
    expect(gateway.openSessions).toBe(1);
    expect(gateway.isDraining).toBe(false);
    const draining = gateway.drain();
    expect(gateway.isDraining).toBe(true);
    await expect(gateway.admit(request(), live())).rejects.toMatchObject({ code: 'OCELOT_ERR_DRAINING', status: 503 });
    expect(await draining).toMatchObject({ clean: 1, killed: 0 });
    expect(one.asked).toEqual([1012]);
  });

  it('tells telemetry when it starts, with the sessions that are open then', async () => {
    const events: GatewayEvent[] = [];
    const telemetry: Plugin = {
      name: 't',
      setup: (to) => to.telemetry({ record: (event) => void events.push(event) }),
    };
    const gateway = await gatewayOf([route('/')], { plugins: [telemetry] });
    gateway.adopt(session('1'));
    const report = await gateway.drain();
    expect(events.slice(1)).toEqual([
      { type: 'drain.started', sessions: 1 },
      { type: 'drain.finished', report },
    ]);
  });

  it('reports once, however often it is called', async () => {
    const gateway = await gatewayOf([route('/')]);
    const reports = await Promise.all([gateway.drain(), gateway.drain()]);
    expect(reports[0]).toBe(reports[1]);
  });

  it('closes plugins in reverse order, and goes on when one fails or hangs', async () => {
    const closed: string[] = [];
    const clock = new FakeClock();
    const log = new MemoryLogger();
    const closing = (name: string, close: () => void | Promise<void>): Plugin => ({
      name,
      setup: (to) => to.onClose(close),
    });
    const gateway = await gatewayOf([route('/')], {
      clock,
      log,
      plugins: [
        closing('first', () => void closed.push('first')),
        closing('broken', () => Promise.reject(new Error('no'))),
        closing('hangs', () => new Promise(() => undefined)),
        closing('last', () => void closed.push('last')),
      ],
    });
    const draining = gateway.drain();
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    clock.advance(5000);
    await draining;
    expect(closed).toEqual(['last', 'first']);
    expect(log.lines.map((line) => line.message)).toEqual(
      expect.arrayContaining(['a plugin did not close in time', 'a plugin failed to close']),
    );
  });

  it('waits for requests that were admitted before, and asks what becomes of them to leave', async () => {
    const gateway = await gatewayOf([route('/')]);
    const admission = await gateway.admit(request(), live());
    let isOver = false;
    const draining = gateway.drain().then(() => (isOver = true));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    const late = session('late');
    gateway.adopt(late);
    expect(late.asked).toEqual([1012]);
    admission.finish({ outcome: 'completed' });
    await draining;
  });

  it('tells of plain requests that did not end in time, which hold no drain beyond its deadline', async () => {
    const clock = new FakeClock();
    const gateway = await gatewayOf([route('/')], { clock });
    const endless = await gateway.admit({ ...request(), kind: 'http' }, live());
    const draining = gateway.drain({ deadlineMs: 1000 });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    clock.advance(1000);
    expect(await draining).toMatchObject({ clean: 0, killed: 0, unfinished: 1, durationMs: 1000 });
    endless.finish({ outcome: 'completed' });
  });

  it('leaves other gateways of the process alone', async () => {
    const [one, two] = [await gatewayOf([route('/')]), await gatewayOf([route('/')])];
    await one.drain();
    await expect(two.admit(request(), live())).resolves.toBeDefined();
    await end(two);
  });
});

describe('dynamic routing', () => {
  const dynamic = {
    fallback: discovered('/{everything}', '', { id: 'dynamic' }),
    entries: [discovered('/{everything}', 'orders', { id: 'orders-entry', retryAttempts: 0 })],
  };

  async function dynamicGateway() {
    const plugin = registry();
    const gateway = await createGateway({ config: config([], { dynamic, discovery }), plugins: [plugin] });
    return { plugin, gateway };
  }

  it('sends /service/rest to the service, path and query kept, never another request’s path', async () => {
    const { plugin, gateway } = await dynamicGateway();
    const first = gateway.admit(request({ path: '/chat/room/1', query: '?a=b' }), live());
    await new Promise(setImmediate);
    plugin.tell('chat', 5);
    const admission = await first;
    expect(portOf(admission)).toBe(5);
    expect(admission.outgoing.path + admission.outgoing.query).toBe('/room/1?a=b');
    const second = await gateway.admit(request({ path: '/chat/other' }), live());
    expect(second.outgoing.path).toBe('/other');
    expect(plugin.watched).toHaveLength(1);
    await end(gateway);
  });

  it('fails at start for types that nobody registered, as static routes do', async () => {
    const balancing = { type: 'Mine', options: {} };
    const file = { LoadBalancerOptions: { Type: 'Mine' } };
    const entries = [discovered('/{everything}', 'orders', { balancing, file })];
    const unknown = config([], { dynamic: { ...dynamic, entries }, discovery: { ...discovery, type: 'Kube' } });
    const error = await createGateway({ config: unknown, plugins: [registry()] }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).issues.map(({ kind, message }) => [kind, message.split(' is ')[0]])).toEqual([
      ['PluginMissing', 'the discovery type "Kube"'],
      ['PluginMissing', 'the load balancer type "Mine"'],
    ]);
  });

  it('keeps its provider from the start to the end, whatever is swept in between', async () => {
    const { plugin, gateway } = await dynamicGateway();
    await gateway.reload(
      config([], { dynamic, discovery, settings: { ...config([]).settings, ocelotStatusCodes: true } }),
    );
    expect(plugin.ended).toEqual([]);
    await end(gateway);
    expect(plugin.ended).toEqual(['provider']);
  });

  it('takes the options of the entry for the service', async () => {
    const { plugin, gateway } = await dynamicGateway();
    const admitting = gateway.admit(request({ path: '/orders/x' }), live());
    await new Promise(setImmediate);
    plugin.tell('orders', 6);
    expect((await admitting).route).toMatchObject({ id: 'orders-entry:orders', retryAttempts: 0 });
    await end(gateway);
  });

  it('watches no more than 256 services at once, whatever clients ask for', async () => {
    const { plugin, gateway } = await dynamicGateway();
    for (let index = 0; index < 300; index++) {
      const admitting = gateway.admit(request({ path: `/s${index}` }), live()).catch(() => undefined);
      await new Promise(setImmediate);
      plugin.tell(`s${index}`);
      await admitting;
    }
    expect(plugin.watched.length - plugin.ended.length).toBeLessThanOrEqual(256);
    await end(gateway);
    expect(plugin.ended).toHaveLength(301);
  });
});

describe('a gateway that is a member of a group', () => {
  const group = (): GatewayGroup & { readonly pools: string[] } => {
    const pools: string[] = [];
    return {
      pools,
      member: { index: 1, size: 2 },
      ledger: createConnectionLedger(),
      loads: {
        open: (pool, endpointKey) => {
          pools.push(`${endpointKey} ${pool}`);
          return { foreign: endpointKey.endsWith(':1') ? 5 : 0, report: () => undefined, close: () => undefined };
        },
      },
    };
  };

  it('counts against MaxConnections together with every member that shares its ledger', async () => {
    const shared = group();
    const limited = [route('/', { limits: limits(1) })];
    const [one, two] = [await gatewayOf(limited, { group: shared }), await gatewayOf(limited, { group: shared })];
    const admission = await one.admit(request(), live());
    await expect(two.admit(request(), live())).rejects.toMatchObject({ code: 'OCELOT_ERR_TOO_MANY_CONNECTIONS' });
    admission.finish({ outcome: 'completed' });
    const second = await two.admit(request(), live());
    second.finish({ outcome: 'completed' });
    await Promise.all([end(one), end(two)]);
  });

  it('shows its policies the load of all members, and who it is itself', async () => {
    const seen: unknown[] = [];
    const spy: Plugin = {
      name: 'spy',
      setup: (to) =>
        to.balancing('Spy', (_options, { member }) => ({
          pick: (candidates) => {
            seen.push(member, ...candidates.map(({ inFlight }) => inFlight));
            return candidates[0] ?? expect.fail('candidates is never empty');
          },
        })),
    };
    const source = { kind: 'static', endpoints: [endpoint(1), endpoint(2)] } as const;
    const spied = route('/', { source, balancing: { type: 'Spy', options: {} } });
    const gateway = await gatewayOf([spied], { group: group(), plugins: [spy] });
    (await gateway.admit(request(), live())).finish({ outcome: 'completed' });
    expect(seen).toEqual([{ index: 1, size: 2 }, 5, 0]);
    await end(gateway);
  });

  it('opens for its policies the way to those of other members, by the name of the pool', async () => {
    const opened: string[] = [];
    const heard: string[] = [];
    const notes: NoteBoard = {
      open: (pool, listener) => {
        opened.push(pool);
        listener('from another');
        return { tell: (note) => void heard.push(note), close: () => void heard.push('closed') };
      },
    };
    const chatty: Plugin = {
      name: 'chatty',
      setup: (to) =>
        to.balancing('Chatty', (_options, context) => {
          const channel = context.notes?.((note) => void heard.push(note));
          return {
            pick: ([first]) => {
              channel?.tell('picked');
              return first ?? expect.fail('candidates is never empty');
            },
            close: () => channel?.close(),
          };
        }),
    };
    const shared = group();
    const gateway = await gatewayOf([route('/', { balancing: { type: 'Chatty', options: {} } })], {
      group: { ...shared, notes },
      plugins: [chatty],
    });
    (await gateway.admit(request(), live())).finish({ outcome: 'completed' });
    await end(gateway);
    expect(heard).toEqual(['from another', 'picked', 'closed']);
    expect(shared.pools.join('\n')).toContain(opened[0]);
  });

  it('names its pools as every member does that has the same configuration', async () => {
    const [first, second] = [group(), group()];
    await end(await gatewayOf([route('/a'), route('/b')], { group: first }));
    await end(await gatewayOf([route('/a'), route('/b')], { group: second }));
    expect(first.pools.length).toBeGreaterThan(1);
    expect(first.pools).toEqual(second.pools);
  });

  it('begins with the revision that the others are at', async () => {
    const gateway = await gatewayOf([route('/a')], { firstRevision: 7 });
    expect(gateway.revision).toBe(7);
    expect(await gateway.reload(config([route('/b')]))).toEqual({ revision: 8 });
    await end(gateway);
  });
});
