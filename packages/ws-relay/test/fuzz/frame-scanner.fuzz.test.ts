import { decodeFrames } from '@ocelot/test-support';
import { describe, expect } from 'vitest';

import type { CloseFault, CloseStatus } from '../../src/frames/close-codes.js';
import { FrameScanner } from '../../src/frames/frame-scanner.js';
import type { HeaderRules } from '../../src/frames/frame-header.js';
import { chunksOf, type CutBytes, cutBytes } from './byte-arbitraries.js';
import { frameStreams } from './frame-arbitraries.js';
import { fuzz } from './fuzz.js';
import { receive } from './ws-receiver.js';

/** With it behind a stream, the last frame is there to be judged: a header, or the whole of a Close. */
const FILLER = Buffer.alloc(14 + 125);

/** What a scanner said of a stream. */
interface Walk {
  readonly forwarded: Buffer;
  readonly close: { readonly frame: Buffer; readonly status: CloseStatus } | undefined;
  readonly fault: CloseFault | undefined;
  readonly messages: number;
}

// Buffers are compared by `equals`: an assertion on each of 65,536 bytes takes longer than all the rest.
function walk(input: CutBytes, rules: HeaderRules): Walk {
  const forwarded: Buffer[] = [];
  let close: Walk['close'];
  let fault: CloseFault | undefined;
  const scanner = new FrameScanner(rules, {
    // What is forwarded may be a part of the chunk, which is used again: it is kept as a socket keeps it, by copying.
    forward: (bytes) => void forwarded.push(Buffer.from(bytes)),
    closeFrame: (frame, status) => (close = { frame: Buffer.from(frame), status }),
    invalid: (given) => (fault = given),
    boundary: () => undefined,
  });
  for (const chunk of chunksOf(input)) {
    const shared = Buffer.from(chunk);
    scanner.push(shared);
    shared.fill(0xee);
  }
  return { forwarded: Buffer.concat(forwarded), close, fault, messages: scanner.messages };
}

/** Examines what a walk over headers promises, with ws as the second reader. */
function examine(isServer: boolean, deflate: boolean) {
  const rules: HeaderRules = { expectsMask: isServer, firstFrameBits: deflate ? 0x40 : 0, otherFrameBits: 0 };
  return async (input: CutBytes): Promise<void> => {
    const { bytes } = input;
    const seen = walk(input, rules);
    const { forwarded, ...said } = walk({ bytes, cuts: [] }, rules);
    expect({ ...seen, forwarded: undefined }, 'the same for every cut').toEqual({ ...said, forwarded: undefined });
    expect(seen.forwarded.equals(forwarded), 'the same for every cut').toBe(true);

    const passed = Buffer.concat([seen.forwarded, seen.close?.frame ?? Buffer.alloc(0)]);
    expect(bytes.subarray(0, passed.length).equals(passed), 'what passes is what came').toBe(true);
    if (seen.fault !== undefined) {
      expect(decodeFrames(seen.forwarded).rest, 'nothing of a bad frame is forwarded').toHaveLength(0);
    }

    const whole = await receive(passed, { isServer, deflate });
    expect(whole.isValid, 'ws reads what was forwarded').toBe(true);
    expect(whole.messages).toBe(seen.messages);
    if (seen.close !== undefined) {
      expect(whole.close).toEqual({ code: seen.close.status.code ?? 1005, reason: seen.close.status.reason });
      // Behind a Close, ws reports faults of its own use.
      return;
    }
    if (seen.fault !== undefined) {
      const isText = seen.fault.closeCode === 1007;
      expect((await receive(Buffer.concat([bytes, FILLER]), { isServer, deflate })).isValid).toBe(isText);
    } else if (!(await receive(bytes, { isServer, deflate })).isValid) {
      // ws judges some headers before their last byte.
      expect(bytes.length - passed.length, 'held back').toBeGreaterThan(0);
      const late = walk({ bytes: Buffer.concat([bytes, FILLER]), cuts: [] }, rules);
      expect(late.fault, 'ws refuses it').toBeDefined();
      expect(late.forwarded.equals(seen.forwarded)).toBe(true);
    }
  };
}

describe('FrameScanner, of a client', () => {
  fuzz({ name: 'frame-streams', inputs: cutBytes(frameStreams(true)), runs: 1000, check: examine(true, false) });
});

describe('FrameScanner, of a backend', () => {
  fuzz({ name: 'frame-streams', inputs: cutBytes(frameStreams(false)), runs: 600, check: examine(false, false) });
});

describe('FrameScanner, with permessage-deflate', () => {
  fuzz({ name: 'frame-streams', inputs: cutBytes(frameStreams(true)), runs: 600, check: examine(true, true) });
});
