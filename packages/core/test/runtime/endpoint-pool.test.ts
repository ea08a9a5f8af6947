import { describe, expect, it } from 'vitest';

import type { BalancingPolicy, Endpoint, EndpointLoad } from '../../src/index.js';
import { EndpointPool } from '../../src/runtime/endpoint-pool.js';
import { request } from '../make-request.js';

const endpoint = (port: number, extra: Partial<Endpoint> = {}): Endpoint => ({
  host: '127.0.0.1',
  port,
  weight: 1,
  tags: [],
  metadata: {},
  ...extra,
});

const first: BalancingPolicy = {
  pick: ([only]) => only ?? expect.fail('candidates is never empty'),
};

const ports = (pool: EndpointPool): number[] => pool.candidates.map(({ endpoint: { port } }) => port);
const inFlight = (pool: EndpointPool): number[] => pool.candidates.map((candidate) => candidate.inFlight);

describe('EndpointPool', () => {
  it('counts a lease until it is released, once', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1)]);
    const lease = pool.lease(request());
    expect(inFlight(pool)).toEqual([1]);
    lease?.release();
    lease?.release();
    expect(inFlight(pool)).toEqual([0]);
  });

  it('leases nothing when it has no endpoint', () => {
    expect(new EndpointPool(first).lease(request())).toBeUndefined();
  });

  it('leaves out the endpoints that were tried', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1), endpoint(2)]);
    expect(pool.lease(request(), [endpoint(1)])?.endpoint.port).toBe(2);
    expect(pool.lease(request(), [endpoint(1), endpoint(2)])).toBeUndefined();
  });

  it('knows whether there is an endpoint that was not tried', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1), endpoint(2)]);
    expect(pool.hasOther([endpoint(1)])).toBe(true);
    expect(pool.hasOther([endpoint(2), endpoint(1)])).toBe(false);
    expect(pool.hasOther([endpoint(1)], (untried) => untried)).toBe(true);
    expect(pool.hasOther([endpoint(1)], () => [])).toBe(false);
  });

  it('lets the policy choose among what a filter leaves; leases nothing when it leaves none', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1), endpoint(2)]);
    const without =
      (...gone: number[]) =>
      (candidates: readonly EndpointLoad[]): readonly EndpointLoad[] =>
        candidates.filter((each) => !gone.includes(each.endpoint.port));
    expect(pool.lease(request(), [], '', without(1))?.endpoint.port).toBe(2);
    expect(pool.lease(request(), [endpoint(2)], '', without(1))).toBeUndefined();
  });

  it('tells listeners its present set, at once and with each change, each backend once, until they leave', () => {
    const pool = new EndpointPool(first);
    const told: string[] = [];
    const leave = pool.listen((endpoints) => told.push(endpoints.map(({ port }) => port).join()));
    pool.update([endpoint(1), endpoint(2), endpoint(1)]);
    pool.update([endpoint(1), endpoint(2)]);
    pool.update([]);
    leave();
    leave();
    pool.update([endpoint(3)]);
    expect(told).toEqual(['', '1,2', '']);
  });

  it('keeps the identity of its candidates when an update says the same again', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1), endpoint(2)]);
    const before = pool.candidates;
    pool.update([endpoint(1), endpoint(2)]);
    expect(pool.candidates).toBe(before);
  });

  it('changes the identity of its candidates when a weight changes, and keeps the counts', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1)]);
    pool.lease(request());
    const before = pool.candidates;
    pool.update([endpoint(1, { weight: 5 })]);
    expect(pool.candidates).not.toBe(before);
    expect(pool.candidates[0]).toMatchObject({ inFlight: 1, endpoint: { weight: 5 } });
  });

  it('keeps the count of an endpoint that goes and comes back while a socket is open on it', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1), endpoint(2)]);
    const lease = pool.lease(request());
    pool.update([endpoint(2)]);
    expect(ports(pool)).toEqual([2]);
    pool.update([endpoint(1), endpoint(2)]);
    expect(inFlight(pool)).toEqual([1, 0]);
    lease?.release();
    expect(inFlight(pool)).toEqual([0, 0]);
  });

  it('releases the lease of an endpoint that is gone without effect on the present ones', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1)]);
    const lease = pool.lease(request());
    pool.update([endpoint(2)]);
    lease?.release();
    expect(inFlight(pool)).toEqual([0]);
  });

  it('takes an address that a registry lists twice as one backend', () => {
    const pool = new EndpointPool(first);
    pool.update([endpoint(1), endpoint(1, { weight: 3 }), endpoint(2)]);
    expect(ports(pool)).toEqual([1, 2]);
  });

  it('refuses a pick that is not among the candidates', () => {
    const stranger: EndpointLoad = { endpoint: endpoint(9), inFlight: 0 };
    const pool = new EndpointPool({ pick: () => stranger });
    pool.update([endpoint(1)]);
    expect(() => pool.lease(request())).toThrow('not among its candidates');
  });

  it('closes its policy', () => {
    let closed = 0;
    const pool = new EndpointPool({ ...first, close: () => void (closed += 1) });
    pool.close();
    expect(closed).toBe(1);
  });
});

describe('EndpointPool of a gateway that shares its work with others', () => {
  /** One share per endpoint, with what was told last and what the others hold. */
  function shared() {
    const shares = new Map<string, { foreign: number; told: number[]; isOpen: boolean }>();
    const pool = new EndpointPool(first, (key) => {
      const share = { foreign: 0, told: [] as number[], isOpen: true };
      shares.set(key, share);
      return {
        get foreign() {
          return share.foreign;
        },
        report: (own) => void share.told.push(own),
        close: () => void (share.isOpen = false),
      };
    });
    return { pool, shares };
  }

  it('shows policies its own leases and those of the others in one figure', () => {
    const { pool, shares } = shared();
    pool.update([endpoint(1), endpoint(2)]);
    Object.assign(shares.get('127.0.0.1:1') ?? {}, { foreign: 7 });
    pool.lease(request());
    expect(inFlight(pool)).toEqual([8, 0]);
  });

  it('tells the others its own leases only, at each change', () => {
    const { pool, shares } = shared();
    pool.update([endpoint(1)]);
    Object.assign(shares.get('127.0.0.1:1') ?? {}, { foreign: 7 });
    pool.lease(request());
    pool.lease(request())?.release();
    expect(shares.get('127.0.0.1:1')?.told).toEqual([1, 2, 1]);
  });

  it('ends the share of an endpoint that left with its last own lease, whatever the others hold', () => {
    const { pool, shares } = shared();
    pool.update([endpoint(1)]);
    const share = shares.get('127.0.0.1:1');
    Object.assign(share ?? {}, { foreign: 7 });
    const lease = pool.lease(request());
    pool.update([]);
    expect(share?.isOpen).toBe(true);
    lease?.release();
    expect(share?.isOpen).toBe(false);
  });

  it('ends every share with the pool', () => {
    const { pool, shares } = shared();
    pool.update([endpoint(1), endpoint(2)]);
    pool.lease(request());
    pool.close();
    expect([...shares.values()].map(({ isOpen }) => isOpen)).toEqual([false, false]);
  });
});
