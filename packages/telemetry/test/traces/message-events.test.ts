import type { Direction, FrameHeader } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { messageObserver, type SeenMessage } from '../../src/traces/message-events.js';

const frame = (opcode: number, payloadBytes: number, isFinal = true): FrameHeader => ({
  opcode,
  payloadBytes,
  isFinal,
  reservedBits: 0,
});

const observe = (ratio: number, random: () => number, frames: readonly [Direction, FrameHeader][]): SeenMessage[] => {
  const seen: SeenMessage[] = [];
  const observer = messageObserver(ratio, random, (message) => seen.push(message));
  for (const [direction, header] of frames) observer.frame(direction, header);
  return seen;
};

describe('messageObserver', () => {
  it('sums the fragments of a message, whatever passes between them (RFC 6455 §5.4)', () => {
    const seen = observe(1, () => 0, [
      ['to-backend', frame(2, 10, false)],
      ['to-client', frame(1, 3)],
      ['to-backend', frame(9, 4)],
      ['to-backend', frame(0, 20, false)],
      ['to-backend', frame(0, 5)],
      ['to-backend', frame(8, 2)],
    ]);
    expect(seen).toEqual([
      { direction: 'to-client', type: 'text', bytes: 3 },
      { direction: 'to-backend', type: 'binary', bytes: 35 },
    ]);
  });

  it('takes the share that it is asked for', () => {
    const dice = [0.1, 0.6, 0.4];
    const seen = observe(
      0.5,
      () => dice.shift() ?? 1,
      [1, 2, 3].map((bytes) => ['to-client', frame(1, bytes)]),
    );
    expect(seen.map(({ bytes }) => bytes)).toEqual([1, 3]);
  });

  it('goes quiet after 100 messages', () => {
    const frames = Array.from({ length: 150 }, (): [Direction, FrameHeader] => ['to-client', frame(1, 1)]);
    expect(observe(1, () => 0, frames)).toHaveLength(100);
  });
});
