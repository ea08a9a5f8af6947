import { randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { decodeFrames } from '@ocelot/test-support';
import { flushBatch, putFrame } from '../../src/frames/frame-batch.js';

/** Keeps copies: what it is given is used again. */
function target() {
  const writes: Buffer[] = [];
  return { writes, write: (bytes: Buffer): void => void writes.push(Buffer.from(bytes)) };
}

describe('putFrame', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])(
    'encodes %i bytes with the shortest length, masked and unmasked (RFC 6455 §5.2)',
    (size) => {
      const payload = randomBytes(size);
      for (const isMasked of [true, false]) {
        const to = target();
        putFrame(to, 0x82, payload, isMasked);
        flushBatch();
        const bytes = Buffer.concat(to.writes);
        const length = size < 126 ? 2 : size < 65_536 ? 4 : 10;
        expect(bytes).toHaveLength(length + (isMasked ? 4 : 0) + size);
        const { frames, rest } = decodeFrames(bytes);
        expect(rest).toHaveLength(0);
        expect(frames).toMatchObject([{ fin: true, opcode: 2, masked: isMasked }]);
        expect(frames[0]?.payload.equals(payload)).toBe(true);
      }
    },
  );

  it('masks each frame with a key of its own (RFC 6455 §5.3)', () => {
    const to = target();
    for (let index = 0; index < 3; index += 1) putFrame(to, 0x81, Buffer.alloc(32), true);
    flushBatch();
    const [bytes = Buffer.alloc(0)] = to.writes;
    const keys = [0, 1, 2].map((index) => bytes.subarray(index * 38 + 2, index * 38 + 6).toString('hex'));
    expect(new Set(keys).size).toBe(3);
  });

  it('writes the frames of one turn together, and nothing before it is asked to', () => {
    const to = target();
    for (const word of ['a', 'b', 'c']) putFrame(to, 0x81, Buffer.from(word), false);
    expect(to.writes).toHaveLength(0);
    flushBatch();
    flushBatch();
    expect(to.writes).toHaveLength(1);
    expect(decodeFrames(to.writes[0] ?? Buffer.alloc(0)).frames.map(({ payload }) => String(payload))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('never mixes targets: what waits for one goes out before the other begins', () => {
    const [one, other] = [target(), target()];
    putFrame(one, 0x81, Buffer.from('1'), false);
    putFrame(other, 0x81, Buffer.from('2'), true);
    putFrame(one, 0x81, Buffer.from('3'), false);
    flushBatch();
    const words = (writes: readonly Buffer[]): readonly string[] =>
      decodeFrames(Buffer.concat(writes)).frames.map(({ payload }) => String(payload));
    expect([words(one.writes), words(other.writes)]).toEqual([['1', '3'], ['2']]);
  });

  it('keeps the order of small and large frames', () => {
    const to = target();
    const sizes = [10, 70_000, 5, 300_000, 65_520, 0, 65_536];
    const payloads = sizes.map((size) => randomBytes(size));
    for (const payload of payloads) putFrame(to, 0x82, payload, payload.length % 2 === 0);
    flushBatch();
    const { frames } = decodeFrames(Buffer.concat(to.writes));
    expect(frames.map(({ payload }, index) => payload.equals(payloads[index] ?? Buffer.alloc(0)))).toEqual(
      sizes.map(() => true),
    );
  });
});
