import { randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { encodeFrame, OPCODE } from '@ocelot/test-support';
import { MessageDecoder } from '../../src/frames/message-decoder.js';

type Found = readonly [what: string, content: string];

function decoder(goesOn: () => boolean = () => true) {
  const found: Found[] = [];
  const instance = new MessageDecoder(true, {
    message(isText, data, isCompressed) {
      found.push([`${isText ? 'text' : 'binary'}${isCompressed ? ' compressed' : ''}`, data.toString('latin1')]);
      return goesOn();
    },
    control(opcode, payload) {
      found.push([`control ${opcode}`, payload.toString('latin1')]);
      return goesOn();
    },
  });
  return { instance, found };
}

const long = randomBytes(300);
const FRAMES = [
  encodeFrame({ opcode: OPCODE.text, payload: 'one', mask: true }),
  encodeFrame({ opcode: OPCODE.text, fin: false, rsv: 4, payload: 'tw', mask: true }),
  encodeFrame({ opcode: OPCODE.ping, payload: 'p', mask: true }),
  encodeFrame({ opcode: OPCODE.continuation, fin: false, mask: true }),
  encodeFrame({ opcode: OPCODE.pong, mask: true }),
  encodeFrame({ opcode: OPCODE.continuation, payload: 'o', mask: true }),
  encodeFrame({ opcode: OPCODE.binary, mask: true }),
  encodeFrame({ opcode: OPCODE.binary, payload: long, mask: true }),
];
const FOUND: readonly Found[] = [
  ['text', 'one'],
  ['control 9', 'p'],
  ['control 10', ''],
  ['text compressed', 'two'],
  ['binary', ''],
  ['binary', long.toString('latin1')],
];

/** Pieces as a scanner lets them through: a header is never cut. */
function pieces(frame: Buffer, cut: number): readonly Buffer[] {
  const header = (frame[1] ?? 0) < 0xfe ? 6 : 8;
  const at = Math.max(header, cut);
  return at >= frame.length ? [frame] : [frame.subarray(0, at), frame.subarray(at)];
}

describe('MessageDecoder', () => {
  it('puts messages together and leaves control frames in their place (RFC 6455 §5.4)', () => {
    const { instance, found } = decoder();
    const stream = Buffer.concat(FRAMES);
    expect(instance.push(stream, 0)).toBe(stream.length);
    expect(found).toEqual(FOUND);
  });

  it('finds the same wherever payloads are cut', () => {
    for (let cut = 0; cut < 310; cut += 1) {
      const { instance, found } = decoder();
      for (const frame of FRAMES) for (const piece of pieces(frame, cut)) instance.push(Buffer.from(piece), 0);
      expect(found).toEqual(FOUND);
    }
  });

  it('stops behind what the sink does not go on after, and takes up again there', () => {
    const { instance, found } = decoder(() => false);
    const stream = Buffer.concat(FRAMES);
    const stops: number[] = [];
    for (let at = 0; at < stream.length;) {
      at = instance.push(stream, at);
      stops.push(at);
    }
    expect(stops).toHaveLength(FOUND.length);
    expect(found).toEqual(FOUND);
  });

  it('keeps nothing of what it was given', () => {
    const { instance, found } = decoder();
    for (const frame of FRAMES) {
      for (const piece of pieces(frame, 7)) {
        const lent = Buffer.from(piece);
        instance.push(lent, 0);
        lent.fill(0);
      }
    }
    expect(found).toEqual(FOUND);
  });

  it('does not take the memory of a message before it has come', () => {
    const { instance } = decoder();
    const before = process.memoryUsage().arrayBuffers;
    const announced = encodeFrame({ opcode: OPCODE.binary, mask: true, claimedLength: 16_777_216n });
    instance.push(Buffer.concat([announced, Buffer.of(1)]), 0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576);
  });

  it('puts a million fragments of one byte together in linear time (S20)', () => {
    const { instance, found } = decoder();
    const key = Buffer.alloc(4);
    const first = encodeFrame({ opcode: OPCODE.binary, fin: false, payload: 'x', mask: key });
    const next = encodeFrame({ opcode: OPCODE.continuation, fin: false, payload: 'x', mask: key });
    const last = encodeFrame({ opcode: OPCODE.continuation, payload: 'x', mask: key });
    const block = Buffer.concat(Array<Buffer>(10_000).fill(next));
    instance.push(first, 0);
    for (let index = 0; index < 100; index += 1) instance.push(block, 0);
    instance.push(last, 0);
    expect(found[0]?.[1]).toHaveLength(1_000_002);
  });
});
