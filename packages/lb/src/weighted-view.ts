// Hot path: `of` runs once per pick. It compares one reference; what weights say is worked out again only when the
// candidates are another list, which is when membership changed (or on a retry).
import type { EndpointLoad } from '@ocelot/core';

/** What the weights of a list of candidates say. */
export interface WeightedCandidates {
  /** Those that may get new work: weight above 0, or all when no candidate has weight. In the order of the list. */
  readonly usable: readonly EndpointLoad[];
  /** Whether the usable ones share work evenly. */
  readonly isEven: boolean;
}

/** Reads the weights of candidates, once per list. One instance belongs to one policy. */
export class WeightedView {
  #seen: readonly EndpointLoad[] | undefined;
  #said: WeightedCandidates = { usable: [], isEven: true };

  of(candidates: readonly EndpointLoad[]): WeightedCandidates {
    if (candidates !== this.#seen) {
      this.#seen = candidates;
      this.#said = readWeights(candidates);
    }
    return this.#said;
  }
}

function readWeights(candidates: readonly EndpointLoad[]): WeightedCandidates {
  const weighty = candidates.filter(({ endpoint }) => endpoint.weight > 0);
  const usable = weighty.length === 0 ? candidates : weighty;
  const [first] = usable;
  return { usable, isEven: usable.every(({ endpoint }) => endpoint.weight === first?.endpoint.weight) };
}

/** The first of a list that is never empty, as {@link BalancingPolicy.pick} promises. */
export function firstOf(candidates: readonly EndpointLoad[]): EndpointLoad {
  const [first] = candidates;
  if (first === undefined) throw new Error('a balancing policy was asked to pick among no endpoints at all.');
  return first;
}
