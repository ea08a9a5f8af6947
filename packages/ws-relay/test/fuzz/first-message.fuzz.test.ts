import { isGatewayError } from '@ocelot/core';
import { decodeFrames, OPCODE } from '@ocelot/test-support';
import { describe, expect } from 'vitest';

import { FrameScanner } from '../../src/frames/frame-scanner.js';
import { FirstMessageReader } from '../../src/handshake/first-message-reader.js';
import { headerRules } from '../../src/transfer/choose-rules.js';
import { chunksOf, type CutBytes, cutBytes } from './byte-arbitraries.js';
import { frameStreams } from './frame-arbitraries.js';
import { fuzz } from './fuzz.js';

const MAX_BYTES = 70_000;

/** What a reader says of a stream; `used` are the bytes up to where it stopped. */
interface Reading {
  readonly said: string;
  readonly used: number;
  readonly frames: Buffer;
  readonly data: Buffer;
}

/** With it behind a stream, a scanner has all of the last header, or of a Close. */
const FILLER = Buffer.alloc(14 + 125);

const NOTHING = Buffer.alloc(0);

function read(input: CutBytes): Reading {
  const reader = new FirstMessageReader(MAX_BYTES, () => undefined);
  let received = 0;
  for (const chunk of chunksOf(input)) {
    const shared = Buffer.from(chunk);
    received += chunk.length;
    try {
      const outcome = reader.push(shared);
      // The chunk is used again.
      shared.fill(0xee);
      if (outcome?.kind === 'message') {
        const { message, frames, rest } = outcome;
        const used = received - rest.length;
        expect(input.bytes.subarray(used, received).equals(rest), 'what is left is what came').toBe(true);
        return { said: message.type, used, frames, data: Buffer.from(message.data) };
      }
      if (outcome !== undefined) return { said: JSON.stringify(outcome), used: 0, frames: NOTHING, data: NOTHING };
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      return { said: `${error.code} ${error.closeCode}`, used: 0, frames: NOTHING, data: NOTHING };
    }
  }
  return { said: 'more', used: 0, frames: NOTHING, data: NOTHING };
}

/** Whether an open session would take the bytes. */
function isTaken(bytes: Buffer): boolean {
  let isFine = true;
  const scanner = new FrameScanner(headerRules('client', []), {
    forward: () => undefined,
    closeFrame: () => undefined,
    invalid: () => (isFine = false),
    boundary: () => undefined,
  });
  scanner.push(bytes);
  return isFine;
}

function check(input: CutBytes): void {
  const { bytes } = input;
  const reading = read(input);
  const whole = read({ bytes, cuts: [] });
  expect([reading.said, reading.used], 'the same for every cut').toEqual([whole.said, whole.used]);
  if (reading.said.includes('FRAME_INVALID 1002')) {
    expect(isTaken(Buffer.concat([bytes, FILLER])), 'an open session refuses it too').toBe(false);
  }
  if (reading.said !== 'text' && reading.said !== 'binary') return;
  const { frames, rest } = decodeFrames(bytes.subarray(0, reading.used));
  const data = frames.filter(({ opcode }) => opcode < OPCODE.close);
  expect(rest, 'it ends behind a frame').toHaveLength(0);
  expect(data.map(({ fin }) => fin)).toEqual(data.map((_, index) => index === data.length - 1));
  expect(Buffer.concat(data.map(({ payload }) => payload)).equals(reading.data)).toBe(true);
  expect(isTaken(reading.frames), 'a backend can be sent its frames').toBe(true);
  expect(decodeFrames(reading.frames).frames).toEqual(data);
}

describe('FirstMessageReader', () => {
  fuzz({ name: 'frame-streams', inputs: cutBytes(frameStreams(true)), runs: 600, check });
});
