// What a pick costs: run with `npx vitest bench --run --project lb pick`.
import { type BalancingPolicyFactory, createEndpoint, type EndpointLoad } from '@ocelot/core';
import { testRequest } from '@ocelot/core/testing';
import { bench, describe } from 'vitest';

import { cookieStickySessions, leastConnection, noLoadBalancer, roundRobin } from '../src/index.js';
import { balancingContext } from '../test/balancing-context.js';

function candidates(count: number, weight: (index: number) => number): readonly EndpointLoad[] {
  return Array.from({ length: count }, (_, index) => ({
    endpoint: createEndpoint({ host: `192.0.2.${index + 1}`, port: 80, weight: weight(index) }),
    inFlight: index % 7,
  }));
}

const client = testRequest({ headers: { cookie: 'theme=dark; sid=4f1c2b7e9a; lang=en' } });

const policies: Readonly<Record<string, BalancingPolicyFactory>> = {
  NoLoadBalancer: noLoadBalancer,
  RoundRobin: roundRobin,
  LeastConnection: leastConnection,
  CookieStickySessions: (_, context) => cookieStickySessions({ Key: 'sid' }, context),
};

describe.each([1, 10, 100])('pick among %i endpoints', (count) => {
  const even = candidates(count, () => 1);
  const uneven = candidates(count, (index) => 1 + (index % 3));
  for (const [name, create] of Object.entries(policies)) {
    const policy = create({}, balancingContext());
    bench(`${name}, even weights`, () => void policy.pick(even, client, ''));
  }
  for (const name of ['RoundRobin', 'LeastConnection'] as const) {
    const policy = policies[name]?.({}, balancingContext());
    bench(`${name}, uneven weights`, () => void policy?.pick(uneven, client, ''));
  }
});
