// Hot path: `find` runs once per request that carries the cookie: one lookup in a table that is made when membership
// changes. Signing costs about 20 µs for each endpoint, once.
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Endpoint, EndpointLoad } from '@ocelot/core';

/** 128 bits: enough that nobody finds a value by trying (RFC 2104 §5). */
const VALUE_BYTES = 16;

/**
 * Makes the values of affinity cookies and knows them again. A value is HMAC-SHA-256 of the endpoint's address, cut to
 * 128 bits: it tells nothing about the backend, can be made by nobody without the key, and is the same wherever the key
 * is. One instance belongs to one policy.
 *
 * No value is compared in constant time: what a client could learn is which endpoints there are, each of which it may
 * be sent to anyway.
 */
export class AffinitySigner {
  readonly #key: Uint8Array;
  readonly #values = new WeakMap<Endpoint, string>();
  readonly #tables = new WeakMap<readonly EndpointLoad[], ReadonlyMap<string, EndpointLoad>>();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The value for an endpoint: 32 hexadecimal digits. */
  valueFor(endpoint: Endpoint): string {
    const known = this.#values.get(endpoint);
    if (known !== undefined) return known;
    const value = this.#sign(`affinity\0${endpoint.host}:${endpoint.port}`, VALUE_BYTES);
    this.#values.set(endpoint, value);
    return value;
  }

  /** The candidate that a value was made for; undefined when it is none of them, or was not made with this key. */
  find(candidates: readonly EndpointLoad[], value: string): EndpointLoad | undefined {
    let table = this.#tables.get(candidates);
    if (table === undefined) {
      table = new Map(candidates.map((candidate) => [this.valueFor(candidate.endpoint), candidate]));
      this.#tables.set(candidates, table);
    }
    return table.get(value);
  }

  /** A short text for the name of a cookie that belongs to some backends: 8 hexadecimal digits. */
  nameFor(service: string): string {
    return this.#sign(`name\0${service}`, 4);
  }

  #sign(text: string, bytes: number): string {
    return bytesToHex(hmac(sha256, this.#key, utf8ToBytes(text)).subarray(0, bytes));
  }
}
