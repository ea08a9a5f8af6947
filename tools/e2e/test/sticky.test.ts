// Situation: three backends that keep sessions in memory, each unknown to the others, behind one gateway.
// Action: clients negotiate or poll by HTTP and then open a WebSocket, each request on a connection of its own.
// Expected: all requests of a client meet the backend that began its session, by each of three ways.
import { consulAvailable, eventually, startConsul } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { runOcelot, type RunningOcelot } from '../src/run-ocelot.js';
import { statefulBackend, type StatefulBackend } from '../src/stateful-backend.js';
import { Visitor } from '../src/visitor.js';

const SECRET = 'signs the cookies of this test';
const WAYS = {
  'CookieStickySessions, by the cookie of the backend': ['cookie', { Type: 'CookieStickySessions', Key: 'sid' }],
  'AffinityCookie, by a cookie of the gateway': ['affinity', { Type: 'AffinityCookie', Secret: SECRET }],
  'ConsistentHash, by what the client sends anyway': ['hash', { Type: 'ConsistentHash', HashOn: 'query:user' }],
} as const;
const PATHS = Object.entries(WAYS).map(([title, [path]]) => [title, path] as const);

let backends: StatefulBackend[];

beforeAll(async () => {
  backends = await Promise.all(['a', 'b', 'c'].map(statefulBackend));
});

afterAll(() => Promise.all(backends.map((each) => each.close())));

/** A route for each way, and two paths with a route for HTTP and one for the rest, as older files have them. */
function config(to: object, hosts: readonly StatefulBackend[] = backends): object {
  const source = { DownstreamHostAndPorts: hosts.map(({ port }) => ({ Host: '127.0.0.1', Port: port })), ...to };
  const [, byBackend] = WAYS['CookieStickySessions, by the cookie of the backend'];
  const route = (path: string, options: object, more: object = {}): object => ({
    UpstreamPathTemplate: `/${path}/{rest}`,
    DownstreamPathTemplate: '/{rest}',
    DownstreamScheme: 'ws',
    LoadBalancerOptions: options,
    ...source,
    ...more,
  });
  return {
    Routes: [
      ...Object.values(WAYS).map(([path, options]) => route(path, options)),
      ...['Post', 'Get'].flatMap((method) => [
        route('split-affinity', { Type: 'AffinityCookie' }, { UpstreamHttpMethod: [method] }),
        route('split-cookie', byBackend, { UpstreamHttpMethod: [method] }),
      ]),
    ],
    GlobalConfiguration: { Gateway: { Retry: { Attempts: 2 } } },
  };
}

/**
 * A client negotiates, polls twice and upgrades: gives the backend that began its session back.
 * @param settled Waited for once the session has begun.
 */
async function pair(
  port: number,
  path: string,
  user: number,
  visitor = new Visitor(),
  settled: (poll: () => Promise<boolean>) => Promise<unknown> = async () => undefined,
): Promise<string> {
  const begun = await visitor.ask(port, 'POST', `/${path}/negotiate?user=${user}`);
  expect(begun.status).toBe(200);
  const target = `/${path}/hub?id=${begun.body}&user=${user}`;
  await settled(async () => (await visitor.ask(port, 'GET', target)).status === 200);
  for (let poll = 0; poll < 2; poll += 1)
    expect(await visitor.ask(port, 'GET', target)).toMatchObject({ status: 200, backend: begun.backend });
  expect(await visitor.upgrade(port, target)).toMatchObject({ status: 101, backend: begun.backend });
  return begun.backend ?? '';
}

/** Twelve clients at the same time: over how many backends they are spread. */
async function pairs(gateway: RunningOcelot, path: string, settled?: Parameters<typeof pair>[4]): Promise<number> {
  const users = Array.from({ length: 12 }, (_, user) => pair(gateway.port, path, user, new Visitor(), settled));
  return new Set(await Promise.all(users)).size;
}

async function running(file: object, ...args: string[]): Promise<RunningOcelot> {
  const gateway = await runOcelot(file, { args });
  onTestFinished(async () => void (await gateway.stop()));
  return gateway;
}

describe('negotiate, polling and upgrade with three backends', () => {
  let gateway: RunningOcelot;

  beforeAll(async () => {
    gateway = await runOcelot(config({}));
  });

  afterAll(async () => void (await gateway.stop()));

  it.each(PATHS)('meet the same one through %s', async (_, path) => {
    expect(await pairs(gateway, path)).toBeGreaterThan(1);
  });

  it.each(['split-affinity', 'split-cookie'])('meet the same one over two routes (%s)', async (path) => {
    expect(await pairs(gateway, path)).toBeGreaterThan(1);
  });

  it.each(['cookie', 'affinity'])('know a client that began with the 101 of an upgrade (%s)', async (path) => {
    for (let client = 0; client < 4; client += 1) {
      const visitor = new Visitor();
      const { backend } = await visitor.upgrade(gateway.port, `/${path}/hub`);
      const target = `/${path}/hub?id=${visitor.cookies.get('sid')}`;
      expect(await visitor.ask(gateway.port, 'GET', target)).toMatchObject({ status: 200, backend });
    }
  });

  it('meet the same one through another gateway, and so after a restart, without a store', async () => {
    const visitors = await Promise.all(
      ['affinity', 'hash'].map(async (path) => {
        const visitor = new Visitor();
        return { path, visitor, backend: await pair(gateway.port, path, 7, visitor) };
      }),
    );
    const again = await running(config({}));
    for (const { path, visitor, backend } of visitors)
      expect(await visitor.ask(again.port, 'GET', `/${path}/hub?user=7`)).toMatchObject({ backend });
  });
});

it('sends clients elsewhere whose backend died, and keeps them there', async () => {
  const dying = await statefulBackend('d');
  onTestFinished(() => dying.close());
  const { port } = await running(config({}, [...backends, dying]));
  const clients = [];
  for (const [, path] of PATHS) {
    let visitor = new Visitor();
    let user = 0;
    for (; (await pair(port, path, user, visitor)) !== 'd'; user += 1) {
      expect(user, 'one of many clients meets each backend').toBeLessThan(60);
      visitor = new Visitor();
    }
    clients.push({ path, user, visitor });
  }
  await dying.close();
  for (const { path, user, visitor } of clients) {
    expect(await pair(port, path, user, visitor)).not.toBe('d');
    await pair(port, path, user, visitor);
  }
});

it.each<readonly [string, string]>([...PATHS, ['AffinityCookie without a Secret', 'split-affinity']])(
  'holds in several workers through %s',
  async (_, path) => {
    // One gateway for each would cost seconds: the routes do not know of each other.
    workers ??= runOcelot(config({}), { args: ['--workers', '2'] });
    // Word of a session takes a moment from the worker that saw it begin to the other one.
    const isKnownToBoth = async (poll: () => Promise<boolean>): Promise<boolean> =>
      (await Promise.all([1, 2, 3, 4].map(poll))).every((isKnown) => isKnown);
    const spread = await pairs(await workers, path, (poll) =>
      eventually(() => isKnownToBoth(poll), 'both workers know the session'),
    );
    expect(spread).toBeGreaterThan(1);
  },
);

let workers: Promise<RunningOcelot> | undefined;

afterAll(async () => void (await (await workers)?.stop()));

describe.runIf(await consulAvailable())('with backends that Consul knows', () => {
  it('holds through all of them', async () => {
    const consul = await startConsul();
    onTestFinished(() => consul.stop());
    for (const { name, port } of backends) await consul.register({ id: name, name: 'hub', port });
    const ServiceDiscoveryProvider = { Host: '127.0.0.1', Port: consul.port, Type: 'Consul' };
    const file = config({ DownstreamHostAndPorts: [], ServiceName: 'hub' });
    const gateway = await running({ ...file, GlobalConfiguration: { ServiceDiscoveryProvider } });
    const spreads = await Promise.all(PATHS.map(([, path]) => pairs(gateway, path)));
    expect(Math.min(...spreads)).toBeGreaterThan(1);
  });
});
