import { describe, expect, it } from 'vitest';

import type { EndpointLoad } from '../../src/contracts/endpoint.js';
import type { BalancingPolicy, BalancingPolicyFactory } from '../../src/contracts/load-balancer.js';
import { createEndpoint } from '../../src/runtime/create-endpoint.js';
import { balancingConformance, type BalancingConformanceOptions } from '../../src/testing/index.js';

const nobody: EndpointLoad = { endpoint: createEndpoint({ host: 'nobody', port: 1 }), inFlight: 0 };

function at(candidates: readonly EndpointLoad[], index: number): EndpointLoad {
  return candidates[index] ?? nobody;
}

/** Picks the first candidate with weight, or the first. */
const firstWithWeight: BalancingPolicyFactory = () => ({
  pick: (candidates) => candidates.find(({ endpoint }) => endpoint.weight > 0) ?? at(candidates, 0),
});

async function failures(options: BalancingConformanceOptions): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of balancingConformance(options)) await run().catch(() => failed.push(name));
  return failed;
}

describe('balancingConformance', () => {
  it('passes a policy that keeps the contract', async () => {
    expect(await failures({ create: firstWithWeight })).toEqual([]);
  });

  it('catches a pick that is not a candidate', async () => {
    const options: BalancingConformanceOptions = {
      create: () => ({ pick: (candidates) => ({ ...at(candidates, 0) }) }),
    };
    expect(await failures(options)).toContain('picks one of the candidates, whatever the request');
  });

  it('catches an index that outlives a shrunken list', async () => {
    const options: BalancingConformanceOptions = {
      create: () => {
        let next = 0;
        return { pick: (candidates) => candidates[next++ % 7] ?? nobody };
      },
    };
    expect(await failures(options)).toContain('follows a membership that grows, shrinks and changes altogether');
  });

  it('catches a policy that edits the candidates', async () => {
    const options: BalancingConformanceOptions = {
      create: () => ({
        pick: (candidates) => (candidates as unknown[]).shift() as EndpointLoad,
      }),
    };
    expect(await failures(options)).toContain('picks one of the candidates, whatever the request');
  });

  it('catches state shared between instances', async () => {
    let next = 0;
    const create: BalancingPolicyFactory = () => ({
      pick: (candidates) => at(candidates, next++ % candidates.length),
    });
    const seen = await failures({ create, knowsWeights: false });
    expect(seen).toEqual(['keeps its state to itself: two instances that see the same pick the same']);
  });

  it('catches new work for weight 0, unless the policy says that it knows no weights', async () => {
    const options: BalancingConformanceOptions = { create: () => ({ pick: (candidates) => at(candidates, 0) }) };
    expect(await failures(options)).toEqual(['gives no new work to an endpoint of weight 0 while others have weight']);
    expect(await failures({ ...options, knowsWeights: false })).toEqual([]);
  });

  it('catches a mark that replaces headers of the backend, or that does not lead back', async () => {
    const mark = 'marks answers without touching what else they hold, and finds its mark again';
    const marking = (mark: BalancingPolicy['mark'] & object): BalancingConformanceOptions => ({
      create: (given, context) => ({ ...firstWithWeight(given, context), mark }),
    });
    const good = marking((_, __, answer) => answer.append('Set-Cookie', 'a=1'));
    expect(await failures(good)).toEqual([]);
    expect(await failures(marking((_, __, answer) => answer.set('Set-Cookie', 'a=1')))).toEqual([mark]);
    const lost: BalancingPolicyFactory = () => {
      let next = 0;
      return {
        pick: (candidates) => at(candidates, next++ % candidates.length),
        mark: (_, __, answer) => answer.append('Set-Cookie', 'a=1'),
      };
    };
    expect(await failures({ create: lost, knowsWeights: false })).toEqual([mark]);
  });

  it('catches a timer that outlives the policy', async () => {
    const options: BalancingConformanceOptions = {
      create: (given, context) => {
        context.clock.setTimer(1_000, () => undefined);
        return firstWithWeight(given, context);
      },
    };
    expect(await failures(options)).toEqual(['leaves no timer behind after close']);
  });
});
