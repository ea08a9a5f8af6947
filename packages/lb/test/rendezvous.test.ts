import { createEndpoint, type EndpointLoad } from '@ocelot/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Rendezvous } from '../src/rendezvous.js';

const load = (host: string, weight = 1, inFlight = 0): EndpointLoad => ({
  endpoint: createEndpoint({ host, port: 1, weight }),
  inFlight,
});

const hostOf = (candidates: readonly EndpointLoad[], key: string, loadFactor?: number): string =>
  new Rendezvous().pick(candidates, key, loadFactor).endpoint.host;

const KEYS = Array.from({ length: 3_000 }, (_, index) => `session-${index}`);
const hostsOf = (candidates: readonly EndpointLoad[]): string[] => {
  const rendezvous = new Rendezvous();
  return KEYS.map((key) => rendezvous.pick(candidates, key).endpoint.host);
};
const shareOf = (hosts: readonly string[], host: string): number =>
  hosts.filter((each) => each === host).length / hosts.length;

/** Some endpoints, of weights 1 to 4, and one of them. */
const someEndpoints = fc
  .uniqueArray(fc.tuple(fc.domain(), fc.integer({ min: 1, max: 4 })), {
    minLength: 2,
    maxLength: 12,
    selector: ([host]) => host,
  })
  .chain((hosts) => fc.tuple(fc.constant(hosts.map(([host, weight]) => load(host, weight))), fc.nat(hosts.length - 1)));

describe('Rendezvous', () => {
  it('answers alike in every instance, whatever the order of the list', () => {
    fc.assert(
      fc.property(someEndpoints, fc.string(), ([candidates], key) => {
        expect(hostOf(candidates.toReversed(), key)).toBe(hostOf(candidates, key));
      }),
    );
  });

  it('moves only the keys of an endpoint that leaves, and to an endpoint that joins only its own', () => {
    fc.assert(
      fc.property(someEndpoints, fc.string(), ([candidates, index], key) => {
        const rest = candidates.filter((_, place) => place !== index);
        const [withAll, without] = [hostOf(candidates, key), hostOf(rest, key)];
        expect([without, candidates[index]?.endpoint.host]).toContain(withAll);
      }),
    );
  });

  it('moves about 1/n of the keys when one of n endpoints leaves', () => {
    const ten = Array.from({ length: 10 }, (_, index) => load(`10.0.0.${index}`));
    const [before, after] = [hostsOf(ten), hostsOf(ten.slice(1))];
    const moved = after.filter((host, index) => host !== before[index]).length / KEYS.length;
    expect(moved).toBeGreaterThan(0.07);
    expect(moved).toBeLessThan(0.13);
  });

  it('spreads keys evenly over endpoints of equal weight', () => {
    const hosts = hostsOf([load('a'), load('b'), load('c')]);
    for (const host of ['a', 'b', 'c']) expect(shareOf(hosts, host)).toBeCloseTo(1 / 3, 1);
  });

  it('gives each endpoint its share by weight, and none to weight 0', () => {
    const hosts = hostsOf([load('a', 3), load('b', 1), load('c', 0)]);
    expect(shareOf(hosts, 'a')).toBeCloseTo(3 / 4, 1);
    expect(shareOf(hosts, 'c')).toBe(0);
  });

  it('spreads keys evenly when no endpoint has weight', () => {
    expect(shareOf(hostsOf([load('a', 0), load('b', 0)]), 'a')).toBeCloseTo(1 / 2, 1);
  });

  it('keeps each endpoint at its share of the open leases times the load factor, whatever the keys', () => {
    fc.assert(
      fc.property(
        someEndpoints,
        fc.array(fc.constantFrom('hot', 'warm', 'cold'), { maxLength: 60 }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        ([candidates], keys, loadFactor) => {
          const loads = candidates.map((candidate) => ({ ...candidate }));
          const weights = loads.reduce((sum, { endpoint }) => sum + endpoint.weight, 0);
          const rendezvous = new Rendezvous();
          for (const [already, key] of keys.entries()) {
            const picked = loads.find((each) => each === rendezvous.pick(loads, key, loadFactor));
            if (picked === undefined) throw new Error('the pick is no candidate');
            picked.inFlight += 1;
            const most = Math.ceil((loadFactor * (already + 1) * picked.endpoint.weight) / weights);
            expect(picked.inFlight).toBeLessThanOrEqual(most);
          }
        },
      ),
    );
  });

  it('leaves a key where it belongs while its endpoint is not full', () => {
    const loads = [load('a', 1, 9), load('b', 1, 10), load('c', 1, 11)];
    for (const key of KEYS.slice(0, 100)) expect(hostOf(loads, key, 2)).toBe(hostOf(loads, key));
  });

  it('sends the keys of a full endpoint where they would go if it were gone', () => {
    const [full, ...rest] = [load('a', 1, 100), load('b', 1, 1), load('c', 1, 1)];
    for (const key of KEYS.slice(0, 100)) expect(hostOf([full, ...rest], key, 1.25)).toBe(hostOf(rest, key));
  });
});
