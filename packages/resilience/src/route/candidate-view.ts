// Hot path: `filter` runs once per request on routes that use this package. While nothing changes it is one comparison
// of a number and one lookup by identity; with an endpoint that warms also one random number.
import type { EndpointLoad } from '@ocelot/core';

import type { EndpointState } from './endpoint-state.js';
import type { RouteState } from './route-state.js';

/** What may be used of one list of candidates, while nothing changes. */
interface View {
  readonly usable: readonly EndpointLoad[];
  /** The usable ones that do not warm; `usable` itself when none does, or all do. */
  readonly settled: readonly EndpointLoad[];
  readonly warming: readonly EndpointState[];
}

/**
 * Which candidates of a route may be used now. The same list comes back while nothing changes, so that policies can
 * cache on it; while endpoints warm it is one of two, drawn so that the newest gets its share.
 */
export class CandidateView {
  readonly #state: RouteState;
  #version = -1;
  #views = new WeakMap<readonly EndpointLoad[], View>();

  constructor(state: RouteState) {
    this.#state = state;
  }

  filter(candidates: readonly EndpointLoad[]): readonly EndpointLoad[] {
    if (this.#state.version !== this.#version) {
      this.#version = this.#state.version;
      this.#views = new WeakMap();
    }
    let view = this.#views.get(candidates);
    if (view === undefined) {
      view = this.#look(candidates);
      this.#views.set(candidates, view);
    }
    if (view.warming.length === 0) return view.usable;
    return this.#state.random() < this.#share(view.warming) ? view.usable : view.settled;
  }

  #look(candidates: readonly EndpointLoad[]): View {
    if (this.#state.breaker?.isPassable === false) return { usable: NONE, settled: NONE, warming: [] };
    const usable = this.#usable(candidates);
    const warming = usable.flatMap(({ endpoint }) => {
      const state = this.#state.stateOf(endpoint);
      return state?.isWarming === true ? [state] : [];
    });
    if (warming.length === 0 || warming.length === usable.length) return { usable, settled: usable, warming: [] };
    const settled = usable.filter(({ endpoint }) => this.#state.stateOf(endpoint)?.isWarming !== true);
    return { usable, settled, warming };
  }

  #usable(candidates: readonly EndpointLoad[]): readonly EndpointLoad[] {
    const passable = kept(candidates, ({ endpoint }) => this.#state.stateOf(endpoint)?.breaker?.isPassable !== false);
    const well = kept(passable, ({ endpoint }) => this.#state.stateOf(endpoint)?.isWell !== false);
    if (well.length > 0) return well;
    if (this.#state.options.panics) return passable;
    return this.#state.mustSpare
      ? kept(passable, ({ endpoint }) => this.#state.stateOf(endpoint)?.isUp !== false)
      : well;
  }

  /** Of the one that has the least: a newcomer is not flooded because another is nearly warm. */
  #share(warming: readonly EndpointState[]): number {
    const now = this.#state.now();
    let least = 1;
    for (const state of warming) least = Math.min(least, state.share(now, this.#state.options.slowStartMs));
    return least;
  }
}

const NONE: readonly EndpointLoad[] = Object.freeze([]);

/** The list itself when all are kept. */
function kept(list: readonly EndpointLoad[], keep: (load: EndpointLoad) => boolean): readonly EndpointLoad[] {
  return list.every(keep) ? list : Object.freeze(list.filter(keep));
}
