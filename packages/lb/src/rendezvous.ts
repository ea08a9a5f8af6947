import type { EndpointLoad } from '@ocelot/core';

import { firstOf } from './weighted-view.js';

/**
 * The endpoint that a key belongs to, by weighted rendezvous hashing: whoever asks with the same key and the same
 * endpoints gets the same answer, in whatever process and order. When an endpoint leaves, only its keys move; when
 * one joins, it takes over its share of them and no others move.
 *
 * Once per session, not per request: costs one hash of the key for each candidate.
 */
export function rendezvous(candidates: readonly EndpointLoad[], key: string): EndpointLoad {
  let picked = firstOf(candidates);
  let most = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    const { host, port, weight } = candidate.endpoint;
    // An exponential variable of rate `weight`: the smallest of several is each one's in proportion to its weight.
    const score = Math.max(weight, Number.MIN_VALUE) / -Math.log(uniform(`${host}:${port} ${key}`));
    if (score > most) {
      most = score;
      picked = candidate;
    }
  }
  return picked;
}

/** A text as a number in (0, 1): FNV-1a with the final mix of MurmurHash3, which spreads texts that differ little. */
function uniform(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
