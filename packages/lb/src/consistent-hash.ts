// Hot path: `pick` runs once per request; see rendezvous.ts for what it costs.
import type {
  BalancingContext,
  BalancingPolicy,
  BalancingPolicyFactory,
  EndpointLoad,
  GatewayRequest,
  JsonObject,
} from '@ocelot/core';

import { type HashKey, readHashKey } from './hash-key.js';
import { readNumber, readText } from './read-option.js';
import { Rendezvous } from './rendezvous.js';
import { roundRobin } from './round-robin.js';

/**
 * Sends requests with the same key to the same endpoint, by a hash: nothing is stored, every gateway answers alike, also
 * after a restart. When one of n endpoints leaves or joins about 1/n of the keys move, no others.
 *
 * Options: `HashOn`, where the key stands: `query:NAME`, `header:NAME`, `cookie:NAME`, `path`, or `address`, the client's
 * own behind trusted proxies (default; of IPv6 the first 64 bits); several with commas: the first that a request has.
 * A request that has none is balanced by RoundRobin. `LoadFactor`, 1 or more: an endpoint that carries its share of the
 * open leases times this factor takes no more, and its keys overflow to the next one (default 0: it takes all of its
 * keys, as the two requests of a pair need).
 *
 * Shares follow the weights. An endpoint of weight 0 takes no more requests: its keys move.
 */
export const consistentHash: BalancingPolicyFactory = (options, context): BalancingPolicy =>
  new ConsistentHash(options, context);

class ConsistentHash implements BalancingPolicy {
  readonly #keyOf: HashKey;
  readonly #loadFactor: number;
  readonly #hashed = new Rendezvous();
  readonly #others: BalancingPolicy;

  constructor(options: JsonObject, context: BalancingContext) {
    this.#keyOf = readHashKey(readText('HashOn', 'a text', options['HashOn']) || 'address');
    this.#loadFactor = readNumber('LoadFactor', 'a number', options['LoadFactor'], 0);
    if (this.#loadFactor !== 0 && this.#loadFactor < 1)
      throw new Error(`LoadFactor must be 1 or more, or 0 for no limit, not ${this.#loadFactor}.`);
    this.#others = roundRobin({}, context);
  }

  pick(candidates: readonly EndpointLoad[], request: GatewayRequest, clientAddress: string): EndpointLoad {
    const key = this.#keyOf(request, clientAddress);
    return key === undefined
      ? this.#others.pick(candidates, request, clientAddress)
      : this.#hashed.pick(candidates, key, this.#loadFactor);
  }
}
