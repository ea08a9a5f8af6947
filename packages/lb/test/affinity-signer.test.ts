import { createHmac } from 'node:crypto';

import { createEndpoint } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { AffinitySigner } from '../src/affinity-signer.js';

const key = new TextEncoder().encode('a key that nobody knows');
const load = (host: string) => ({ endpoint: createEndpoint({ host, port: 8080 }), inFlight: 0 });

describe('AffinitySigner', () => {
  it('makes the first 128 bits of HMAC-SHA-256 over the address (RFC 2104 §5)', () => {
    const expected = createHmac('sha256', key).update('affinity\0a:8080').digest('hex').slice(0, 32);
    expect(new AffinitySigner(key).valueFor(load('a').endpoint)).toBe(expected);
  });

  it('finds the candidate of a value, and none for a value that is of another key or nobody', () => {
    const signer = new AffinitySigner(key);
    const candidates = [load('a'), load('b')];
    const value = signer.valueFor(load('b').endpoint);
    expect(signer.find(candidates, value)).toBe(candidates[1]);
    expect(signer.find(candidates.slice(0, 1), value)).toBeUndefined();
    expect(new AffinitySigner(new Uint8Array(32)).find(candidates, value)).toBeUndefined();
    for (const madeUp of ['', 'a:8080', value.toUpperCase(), value.slice(1)])
      expect(signer.find(candidates, madeUp)).toBeUndefined();
  });
});
