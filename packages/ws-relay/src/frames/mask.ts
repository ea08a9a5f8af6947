import { randomFillSync } from 'node:crypto';

/** Masking keys drawn at once: one call of the generator costs more than the bytes it gives. */
const POOL_BYTES = 1024;
const KEY_BYTES = 4;

const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/** A new masking key, unpredictable as RFC 6455 §5.3 asks. The caller owns the four bytes. */
export function maskingKey(): Buffer {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const key = Buffer.from(pool.subarray(used, used + KEY_BYTES));
  used += KEY_BYTES;
  return key;
}

/** Masks or unmasks (the same, RFC 6455 §5.3) into a new buffer. For control frames: never for data that passes. */
export function masked(bytes: Buffer, key: Buffer): Buffer {
  const result = Buffer.from(bytes);
  for (let i = 0; i < result.length; i += 1) result[i] = (result[i] ?? 0) ^ (key[i % KEY_BYTES] ?? 0);
  return result;
}
