import { describe, expect, it } from 'vitest';

import { holdBytes, releaseBytes } from '../../src/transfer/held-bytes.js';

const bytes = (length: number, fill: string): Buffer => Buffer.alloc(length, fill);

describe('bytes that wait for a slow reader', () => {
  it.each([1, 4095, 4096, 16_384, 16_385, 65_536, 262_144, 300_000])('are a copy: %i of them', (length) => {
    const source = bytes(length, 'a');
    const held = holdBytes(source);
    source.fill('b');
    expect(held.equals(bytes(length, 'a'))).toBe(true);
    releaseBytes(held);
  });

  it('lie in a buffer that is used again once they are given back', () => {
    const first = holdBytes(bytes(50_000, 'a'));
    const second = holdBytes(bytes(50_000, 'b'));
    expect(second.buffer).not.toBe(first.buffer);
    const { buffer } = second;
    releaseBytes(second);
    const third = holdBytes(bytes(20_000, 'c'));
    expect(third.buffer).toBe(buffer);
    expect([first.equals(bytes(50_000, 'a')), third.equals(bytes(20_000, 'c'))]).toEqual([true, true]);
    for (const held of [first, third]) releaseBytes(held);
  });

  // Node's pool for small buffers is as large as one of these since Node 24.
  it('never lie in memory that others use too', () => {
    const foreign = Buffer.from(new ArrayBuffer(65_536), 4096, 1000);
    releaseBytes(foreign);
    const held = holdBytes(bytes(60_000, 'a'));
    expect(held.buffer).not.toBe(foreign.buffer);
    releaseBytes(held);
  });

  it('are not kept without bound: what is given back beyond a megabyte of one size is left to the collector', () => {
    const held = Array.from({ length: 20 }, () => holdBytes(bytes(262_144, 'x')));
    const buffers = new Set(held.map(({ buffer }) => buffer));
    for (const one of held) releaseBytes(one);
    const again = Array.from({ length: 20 }, () => holdBytes(bytes(262_144, 'x')));
    expect(again.filter(({ buffer }) => buffers.has(buffer))).toHaveLength(4);
    for (const one of again) releaseBytes(one);
  });
});
