import { encodeFrame, type FrameParts, OPCODE } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { FrameReader } from '../src/frame-reader.js';

interface Read {
  readonly messages: string[];
  readonly controls: string[];
  readonly reader: FrameReader;
}

function reading(masked: boolean): Read {
  const messages: string[] = [];
  const controls: string[] = [];
  const reader = new FrameReader(masked, {
    message: (opcode, payload) => messages.push(`${opcode} ${payload.toString()}`),
    control: (opcode, payload) => controls.push(`${opcode} ${payload.toString()}`),
  });
  return { messages, controls, reader };
}

describe('FrameReader', () => {
  it('reads messages in pieces with control frames between, one byte at a time', () => {
    const frames: readonly FrameParts[] = [
      { opcode: OPCODE.text, fin: false, payload: '' },
      { opcode: OPCODE.ping, payload: 'now' },
      { opcode: OPCODE.continuation, fin: false, payload: 'a'.repeat(200) },
      { opcode: OPCODE.continuation, payload: 'end' },
      { opcode: OPCODE.binary, payload: 'b'.repeat(70_000) },
    ];
    for (const mask of [false, true]) {
      const { reader, messages, controls } = reading(mask);
      for (const byte of Buffer.concat(frames.map((frame) => encodeFrame({ ...frame, mask })))) {
        reader.push(Buffer.of(byte));
      }
      expect(messages).toEqual([`1 ${'a'.repeat(200)}end`, `2 ${'b'.repeat(70_000)}`]);
      expect(controls).toEqual(['9 now']);
      expect(reader.isAtBoundary).toBe(true);
    }
  });

  it.each<[string, FrameParts]>([
    ['a masked frame of a server', { opcode: OPCODE.text, payload: 'x', mask: true }],
    ['reserved bits', { opcode: OPCODE.text, rsv: 4 }],
    ['a continuation of nothing', { opcode: OPCODE.continuation }],
    ['an unknown opcode', { opcode: 3 }],
    ['a ping in pieces', { opcode: OPCODE.ping, fin: false }],
    ['a ping that is too long', { opcode: OPCODE.ping, payload: 'x'.repeat(126) }],
  ])('refuses %s', (_, frame) => {
    expect(() => reading(false).reader.push(encodeFrame(frame))).toThrow(/RFC|§/);
  });

  it('refuses a new message before the last one has ended', () => {
    const { reader } = reading(false);
    reader.push(encodeFrame({ opcode: OPCODE.text, fin: false, payload: 'x' }));
    expect(() => reader.push(encodeFrame({ opcode: OPCODE.text, payload: 'y' }))).toThrow('out of order');
  });
});
