import { randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { copyMasked, maskingKeyBefore, nextMaskingKey } from '../../src/frames/payload-mask.js';

/** RFC 6455 §5.3, byte by byte. */
function plainly(source: Buffer, key: Buffer, phase: number): Buffer {
  return Buffer.from(source.map((byte, index) => byte ^ (key[(index + phase) % 4] ?? 0)));
}

describe('copyMasked', () => {
  const lengths = [0, 1, 2, 3, 4, 5, 7, 63, 191, 192, 193, 194, 195, 196, 223, 1023, 65_537];

  it.each(lengths)('masks %i bytes as RFC 6455 §5.3 says, at every alignment and phase', (length) => {
    const source = randomBytes(length + 8);
    const key = randomBytes(4);
    for (let from = 0; from < 4; from += 1) {
      for (let at = 0; at < 4; at += 1) {
        for (let phase = 0; phase < 4; phase += 1) {
          const target = Buffer.alloc(length + 8, 0xaa);
          copyMasked(source, from, from + length, target, at, maskingKeyBefore(key, 4), phase);
          expect(
            target.subarray(at, at + length).equals(plainly(source.subarray(from, from + length), key, phase)),
          ).toBe(true);
          expect(target.subarray(0, at).every((byte) => byte === 0xaa)).toBe(true);
          expect(target.subarray(at + length).every((byte) => byte === 0xaa)).toBe(true);
        }
      }
    }
  });

  it('copies as it is with a key of 0', () => {
    const source = randomBytes(1000);
    const target = Buffer.alloc(1000);
    copyMasked(source, 0, 1000, target, 0, 0, 3);
    expect(target.equals(source)).toBe(true);
  });

  it('undoes itself', () => {
    const source = randomBytes(500);
    const once = Buffer.alloc(500);
    const twice = Buffer.alloc(500);
    copyMasked(source, 0, 500, once, 0, 0x1234_5678, 1);
    copyMasked(once, 0, 500, twice, 0, 0x1234_5678, 1);
    expect(twice.equals(source)).toBe(true);
  });
});

describe('nextMaskingKey', () => {
  it('gives new keys, also beyond one draw of the generator', () => {
    const keys = new Set(Array.from({ length: 5000 }, () => nextMaskingKey()));
    expect(keys.size).toBeGreaterThan(4990);
  });
});
