import { decodeFrames, readClose } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { encodeCloseFrame, encodeControlFrame } from '../../src/frames/frame-encoder.js';

describe('encodeCloseFrame', () => {
  it('masks towards the backend with a new key each time (RFC 6455 §5.3)', () => {
    const frames = Array.from({ length: 600 }, () => encodeCloseFrame(1012, 'restart', true));
    const decoded = decodeFrames(Buffer.concat(frames)).frames;
    expect(decoded.every((frame) => frame.masked && readClose(frame).code === 1012)).toBe(true);
    expect(new Set(frames.map((frame) => frame.toString('hex', 2, 6))).size).toBeGreaterThan(595);
  });

  it('does not mask towards the client (RFC 6455 §5.1)', () => {
    const [frame] = decodeFrames(encodeCloseFrame(1001, 'idle', false)).frames;
    expect(frame).toMatchObject({ masked: false, fin: true, opcode: 8 });
  });

  it('is empty without a code (RFC 6455 §7.1.5)', () => {
    expect(encodeCloseFrame(undefined, '', false)).toEqual(Buffer.from([0x88, 0]));
  });
});

describe('encodeControlFrame', () => {
  it('refuses a payload that a control frame cannot carry (RFC 6455 §5.5)', () => {
    expect(() => encodeControlFrame(9, Buffer.alloc(126), false)).toThrow(RangeError);
  });
});
