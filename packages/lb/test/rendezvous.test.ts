import { createEndpoint, type EndpointLoad } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { rendezvous } from '../src/rendezvous.js';

const load = (host: string, weight = 1): EndpointLoad => ({
  endpoint: createEndpoint({ host, port: 1, weight }),
  inFlight: 0,
});

const KEYS = Array.from({ length: 3_000 }, (_, index) => `session-${index}`);
const hostsOf = (candidates: readonly EndpointLoad[]): string[] =>
  KEYS.map((key) => rendezvous(candidates, key).endpoint.host);
const shareOf = (hosts: readonly string[], host: string): number =>
  hosts.filter((each) => each === host).length / hosts.length;

describe('rendezvous', () => {
  it('answers alike whatever the order of the list', () => {
    expect(hostsOf([load('a'), load('b'), load('c')])).toEqual(hostsOf([load('c'), load('a'), load('b')]));
  });

  it('spreads keys evenly over endpoints of equal weight', () => {
    const hosts = hostsOf([load('a'), load('b'), load('c')]);
    for (const host of ['a', 'b', 'c']) expect(shareOf(hosts, host)).toBeCloseTo(1 / 3, 1);
  });

  it('gives each endpoint its share by weight', () => {
    expect(shareOf(hostsOf([load('a', 3), load('b', 1)]), 'a')).toBeCloseTo(3 / 4, 1);
  });

  it('moves only the keys of an endpoint that leaves', () => {
    const before = hostsOf([load('a'), load('b'), load('c')]);
    const after = hostsOf([load('a'), load('b')]);
    expect(after.filter((_, index) => before[index] !== 'c')).toEqual(before.filter((host) => host !== 'c'));
  });
});
