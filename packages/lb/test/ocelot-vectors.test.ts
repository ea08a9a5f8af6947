// Vectors from Ocelot's own tests. Those that speak of a policy run here, around a pool that counts; those that speak
// of something else are listed with the reason, so that a new vector cannot go unnoticed.
import { readFileSync } from 'node:fs';

import type { BalancingPolicyFactory } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { cookieStickySessions, leastConnection, noLoadBalancer, roundRobin } from '../src/index.js';
import { balancingContext } from './balancing-context.js';
import { at, SimulatedPool } from './simulated-pool.js';

interface Step {
  readonly op: string;
  readonly hosts?: readonly (string | null)[] | null;
  readonly host?: string;
  readonly returns?: readonly string[];
  readonly cookie?: string | null;
  readonly expect?: string;
  readonly error?: string;
}

interface RouteVector {
  readonly UpstreamPathTemplate: string;
  readonly DownstreamHostAndPorts: readonly string[];
  readonly LoadBalancerOptions: { readonly Type?: string; readonly Key?: string; readonly Expiry?: number };
}

interface Vector {
  readonly kind: string;
  readonly source: string;
  readonly balancer?: string;
  readonly steps?: readonly Step[];
  readonly cookieName?: string;
  readonly hosts?: number;
  readonly concurrentLeases?: number;
  readonly concurrentRequests?: number;
  readonly connections?: number;
  readonly counts?: readonly number[] | Readonly<Record<string, number>>;
  readonly globalLoadBalancerOptions?: RouteVector['LoadBalancerOptions'];
  readonly routes?: readonly RouteVector[];
  readonly requests?: readonly {
    readonly path: string;
    readonly times: number;
    readonly cookie?: Readonly<Record<string, string>>;
  }[];
}

const { vectors } = JSON.parse(readFileSync(new URL('vectors/load-balancer.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly Vector[];
};

/** A custom policy of a user, as in Ocelot's acceptance test. */
const cyclic: BalancingPolicyFactory = (options, context) => roundRobin(options, context);

const POLICIES: Readonly<Record<string, BalancingPolicyFactory>> = {
  NoLoadBalancer: noLoadBalancer,
  RoundRobin: roundRobin,
  LeastConnection: leastConnection,
  CookieStickySessions: cookieStickySessions(),
  'custom (cyclic)': cyclic,
};

const ELSEWHERE: Readonly<Record<string, string>> = {
  house: "pools and their policies are kept by the gateway's pool directory: tested in @ocelot/core",
  'apply-lease': 'what a lease does to the request is the rewrite and the relay: tested in @ocelot/core and ws-relay',
  'balancer-key': "which routes share a pool is decided by the gateway's pool directory: tested in @ocelot/core",
  'lease-count': 'counting is the pool’s, not the policy’s: tested in @ocelot/core',
};

const DIFFERS: Readonly<Record<string, string>> = {
  'CookieStickySessionsTests(acceptance).ShouldUseGlobalOptions_ForStaticRoutes':
    'Ocelot shares sessions by cookie name, so a route may answer from the hosts of another; here only routes to the same hosts share them',
  'CookieStickySessionsTests.Should_return_host_and_port':
    'an endpoint without a host is refused before it is balanced',
  'CookieStickySessionsTests.Should_expire_sticky_session':
    'sessions expire without a message of their own and hold no lease: see "chooses anew once the session has expired"',
};

/** An Ocelot host that is null or absent is none: the pool then has nobody to pick, and answers NO_ENDPOINT itself. */
function present(hosts: readonly (string | null)[] | null | undefined): readonly string[] {
  return (hosts ?? []).filter((host) => host !== null);
}

function poolOf(balancer: string, options = {}): SimulatedPool {
  const create = POLICIES[balancer];
  if (create === undefined) throw new Error(`a vector names the balancer ${balancer}`);
  return new SimulatedPool(create(options, balancingContext()));
}

function runSteps(vector: Vector): void {
  const { balancer = '', cookieName = '', steps = [] } = vector;
  const pool = poolOf(balancer, { Key: cookieName });
  for (const step of steps) {
    if (step.op === 'services') pool.update(present(step.hosts).map((host) => at(host)));
    else if (step.op === 'inner')
      pool.update((step.returns ?? []).filter((host) => host !== 'error').map((host) => at(host)));
    else if (step.op === 'release') pool.release(step.host ?? '');
    else if (step.op === 'lease') {
      const cookie = typeof step.cookie === 'string' ? `${cookieName}=${step.cookie}` : undefined;
      expect(pool.lease({ cookie })).toBe(step.expect);
      if (step.error !== undefined) expect(step.expect).toBeUndefined();
    } else throw new Error(`a vector has the step ${step.op}`);
  }
}

function runDistribution(vector: Vector): void {
  const hosts = Array.from({ length: vector.hosts ?? 0 }, (_, index) => `h${index + 1}:80`);
  const pool = poolOf(vector.balancer ?? '');
  pool.update(hosts.map((host) => at(host)));
  const leases = vector.concurrentLeases ?? vector.concurrentRequests ?? vector.connections ?? 0;
  const picks = Array.from({ length: leases }, () => pool.lease());
  expect(picks).not.toContain(undefined);
  if (vector.counts !== undefined) {
    expect(hosts.map((host) => picks.filter((pick) => pick === host).length)).toEqual(vector.counts);
  }
  for (const pick of picks) pool.release(pick ?? '');
  expect(hosts.map((host) => pool.inFlight(host))).toEqual(hosts.map(() => 0));
}

function runGateway(vector: Vector): void {
  const pools = new Map(
    (vector.routes ?? []).map((route) => {
      const options = { ...vector.globalLoadBalancerOptions, ...route.LoadBalancerOptions };
      const pool = poolOf(options.Type ?? '', options);
      pool.update(route.DownstreamHostAndPorts.map((host) => at(`${host}:80`)));
      return [route.UpstreamPathTemplate, pool];
    }),
  );
  const counts: Record<string, number> = Object.fromEntries(Object.keys(vector.counts ?? {}).map((host) => [host, 0]));
  for (const { path, times, cookie = {} } of vector.requests ?? []) {
    const header = Object.entries(cookie)
      .map((pair) => pair.join('='))
      .join('; ');
    for (let request = 0; request < times; request += 1) {
      const host = pools.get(path)?.lease({ cookie: header })?.replace(':80', '') ?? '';
      counts[host] = (counts[host] ?? 0) + 1;
    }
  }
  expect(counts).toEqual(vector.counts);
}

const runners: Readonly<Record<string, (vector: Vector) => void>> = {
  sequence: runSteps,
  sticky: runSteps,
  distribution: runDistribution,
  'gateway-counts': runGateway,
};

describe("Ocelot's load balancer vectors", () => {
  const run = vectors.filter(({ kind, source }) => !(kind in ELSEWHERE) && !(source in DIFFERS));

  it.each(run)('$balancer $kind: $source', (vector) => {
    const runner = runners[vector.kind];
    expect(runner, `a vector of the unknown kind ${vector.kind}`).toBeDefined();
    runner?.(vector);
  });

  it('names no kind and no source that the vectors do not have', () => {
    expect(Object.keys(ELSEWHERE).filter((kind) => !vectors.some((vector) => vector.kind === kind))).toEqual([]);
    expect(Object.keys(DIFFERS).filter((source) => !vectors.some((vector) => vector.source === source))).toEqual([]);
  });
});
