import type { Endpoint } from '@ocelot/core';

import { EndpointState, endpointKey } from './endpoint-state.js';

/** How long the state of an endpoint that left is kept, in case it comes back as it was. */
const KEEP_GONE_MS = 600_000;
/** Most endpoints that left and are remembered; beyond it the one that left first is forgotten. */
const MOST_GONE = 256;

/** What an owner of endpoint states does when they come and go. */
export interface EndpointStatesWatch {
  /** Gives a new endpoint what it is watched with. */
  joined(state: EndpointState, isNewcomer: boolean): void;
  /** It stays, and is reached otherwise. */
  schemeChanged(state: EndpointState): void;
  /** It left for now: checks end. */
  left(state: EndpointState): void;
  /** Its state is about to be closed. */
  forgotten(state: EndpointState): void;
}

/**
 * The endpoints of one route, by host and port. Around a reload two guards hold the same states, each with a set of its
 * own: an endpoint is present as long as one of them has it.
 */
export class EndpointStates {
  readonly #watch: EndpointStatesWatch;
  readonly #sets = new Map<object, readonly Endpoint[]>();
  readonly #states = new Map<string, EndpointState>();
  /** Saves the making of a key per request. */
  readonly #byIdentity = new WeakMap<Endpoint, EndpointState>();

  constructor(watch: EndpointStatesWatch) {
    this.#watch = watch;
  }

  /** Those that a guard has now. */
  get present(): readonly EndpointState[] {
    return [...this.#states.values()].filter(({ goneMs }) => goneMs === undefined);
  }

  /** How many are known, gone ones included. */
  get size(): number {
    return this.#states.size;
  }

  of(endpoint: Endpoint): EndpointState | undefined {
    const known = this.#byIdentity.get(endpoint);
    if (known !== undefined && !known.isClosed) return known;
    const state = this.#states.get(endpointKey(endpoint));
    if (state !== undefined) this.#byIdentity.set(endpoint, state);
    return state;
  }

  /** Puts the set of one guard in force; undefined: the guard is gone. */
  set(guard: object, endpoints: readonly Endpoint[] | undefined, nowMs: number): void {
    const isFirst = this.present.length === 0;
    if (endpoints === undefined) this.#sets.delete(guard);
    else this.#sets.set(guard, endpoints);
    const now = new Map<string, Endpoint>();
    for (const set of this.#sets.values()) for (const endpoint of set) now.set(endpointKey(endpoint), endpoint);
    for (const [key, endpoint] of now) this.#join(key, endpoint, !isFirst);
    for (const [key, state] of this.#states) if (!now.has(key)) this.#leave(key, state, nowMs);
    this.#forgetOld(nowMs);
  }

  /** Closes every state. */
  close(): void {
    for (const state of this.#states.values()) this.#close(state);
    this.#states.clear();
    this.#sets.clear();
  }

  #join(key: string, endpoint: Endpoint, isNewcomer: boolean): void {
    const known = this.#states.get(key);
    if (known !== undefined && known.goneMs === undefined) {
      const { scheme } = known.endpoint;
      known.endpoint = endpoint;
      if (endpoint.scheme !== scheme) this.#watch.schemeChanged(known);
      return;
    }
    const state = known ?? new EndpointState(endpoint);
    state.endpoint = endpoint;
    state.goneMs = undefined;
    this.#states.set(key, state);
    this.#watch.joined(state, isNewcomer);
  }

  #leave(key: string, state: EndpointState, nowMs: number): void {
    if (state.goneMs !== undefined) return;
    state.goneMs = nowMs;
    this.#watch.left(state);
    // To the end of the map: those that left first are found first.
    this.#states.delete(key);
    if (state.isPlain) this.#close(state);
    else this.#states.set(key, state);
  }

  #forgetOld(nowMs: number): void {
    let gone = 0;
    for (const { goneMs } of this.#states.values()) if (goneMs !== undefined) gone += 1;
    for (const [key, state] of this.#states) {
      if (state.goneMs === undefined || (gone <= MOST_GONE && nowMs - state.goneMs < KEEP_GONE_MS)) continue;
      this.#states.delete(key);
      this.#close(state);
      gone -= 1;
    }
  }

  #close(state: EndpointState): void {
    this.#watch.forgotten(state);
    state.close();
  }
}
