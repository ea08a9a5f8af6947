// What a pick costs: run with `npx vitest bench --run --project lb pick`.
import { type BalancingPolicyFactory, createEndpoint, type EndpointLoad, type GatewayRequest } from '@ocelot/core';
import { testAnswer, testRequest } from '@ocelot/core/testing';
import { bench, describe } from 'vitest';

import {
  affinityCookie,
  consistentHash,
  cookieStickySessions,
  leastConnection,
  noLoadBalancer,
  roundRobin,
} from '../src/index.js';
import { balancingContext } from '../test/balancing-context.js';

function candidates(count: number, weight: (index: number) => number): readonly EndpointLoad[] {
  return Array.from({ length: count }, (_, index) => ({
    endpoint: createEndpoint({ host: `192.0.2.${index + 1}`, port: 80, weight: weight(index) }),
    inFlight: index % 7,
  }));
}

const SECRET = 'of the benchmark, no secret at all';
const client = testRequest({ headers: { cookie: 'theme=dark; sid=4f1c2b7e9a; lang=en' } });

const policies: Readonly<Record<string, BalancingPolicyFactory>> = {
  NoLoadBalancer: noLoadBalancer,
  RoundRobin: roundRobin,
  LeastConnection: leastConnection,
  CookieStickySessions: (_, context) => cookieStickySessions()({ Key: 'sid' }, context),
  AffinityCookie: (_, context) => affinityCookie()({ Key: 'aff', Secret: SECRET }, context),
  ConsistentHash: (_, context) => consistentHash({ HashOn: 'cookie:sid' }, context),
  'ConsistentHash with LoadFactor': (_, context) => consistentHash({ HashOn: 'cookie:sid', LoadFactor: 2 }, context),
};

/** A client that carries the affinity cookie of an endpoint, in the middle of the list. */
function marked(among: readonly EndpointLoad[]): GatewayRequest {
  const answer = testAnswer();
  const endpoint = among[Math.floor(among.length / 2)]?.endpoint;
  if (endpoint === undefined) throw new Error('there is no endpoint');
  affinityCookie()({ Key: 'aff', Secret: SECRET }, balancingContext()).mark?.(endpoint, client, answer);
  return testRequest({ headers: { cookie: `theme=dark; sid=4f1c2b7e9a; ${answer.raw[1]?.split(';')[0]}` } });
}

describe.each([1, 3, 10, 100])('pick among %i endpoints', (count) => {
  const even = candidates(count, () => 1);
  const uneven = candidates(count, (index) => 1 + (index % 3));
  for (const [name, create] of Object.entries(policies)) {
    const policy = create({}, balancingContext());
    const request = name === 'AffinityCookie' ? marked(even) : client;
    bench(`${name}, even weights`, () => void policy.pick(even, request, ''));
  }
  for (const name of ['RoundRobin', 'LeastConnection', 'ConsistentHash'] as const) {
    const policy = policies[name]?.({}, balancingContext());
    bench(`${name}, uneven weights`, () => void policy?.pick(uneven, client, ''));
  }
});
