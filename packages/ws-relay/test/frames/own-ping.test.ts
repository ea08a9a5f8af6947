import { array, assert, boolean, constantFrom, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { closeFrame, decodeFrames, encodeFrame, type FrameParts, OPCODE } from '@ocelot/test-support';
import { FrameScanner } from '../../src/frames/frame-scanner.js';
import { encodeOwnPing, PING_PAYLOAD_BYTES } from '../../src/frames/own-ping.js';

const OWN = decodeFrames(encodeOwnPing(false)).frames[0]?.payload ?? Buffer.alloc(0);

/** What a scanner that drops the gateway's pongs lets through of a stream cut at the given places. */
function pass(stream: Buffer, mask: boolean, cuts: readonly number[] = []) {
  const forwarded: Buffer[] = [];
  const boundaries: number[] = [];
  const rules = { expectsMask: mask, firstFrameBits: 0, otherFrameBits: 0 };
  const scanner = new FrameScanner(rules, {
    forward: (bytes) => forwarded.push(Buffer.from(bytes)),
    closeFrame: (frame) => forwarded.push(Buffer.from(frame)),
    invalid: ({ rule }) => expect.unreachable(rule),
    boundary: () => boundaries.push(Buffer.concat(forwarded).length),
  });
  scanner.dropOwnPongs();
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), stream.length]) {
    if (cut > from) scanner.push(stream.subarray(from, cut));
    from = Math.max(from, cut);
  }
  return { bytes: Buffer.concat(forwarded), scanner };
}

describe('encodeOwnPing', () => {
  it.each([
    ['the client', false],
    ['the backend, masked (RFC 6455 §5.3)', true],
  ])('writes a ping of eight bytes for %s', (_, toBackend) => {
    expect(decodeFrames(encodeOwnPing(toBackend)).frames).toMatchObject([
      { opcode: OPCODE.ping, fin: true, masked: toBackend, payload: OWN },
    ]);
    expect(OWN).toHaveLength(PING_PAYLOAD_BYTES);
  });
});

describe('a scanner that drops the pongs of the gateway', () => {
  it('lets everything else through as it is, however the stream is cut', () => {
    const other = Buffer.from(OWN.toReversed());
    const frames: Record<string, FrameParts> = {
      own: { opcode: OPCODE.pong, payload: OWN },
      pong: { opcode: OPCODE.pong, payload: other },
      long: { opcode: OPCODE.pong, payload: Buffer.concat([OWN, OWN]) },
      ping: { opcode: OPCODE.ping, payload: OWN },
      text: { opcode: OPCODE.text, payload: OWN },
    };
    const kinds = array(constantFrom('own', 'pong', 'long', 'ping', 'text'), { maxLength: 8 });
    assert(
      property(kinds, boolean(), array(nat(150), { maxLength: 8 }), (list, mask, cuts) => {
        const encoded = list.map((kind) => encodeFrame({ mask, opcode: OPCODE.pong, ...frames[kind] }));
        const close = closeFrame(1000, '', mask);
        const { bytes, scanner } = pass(Buffer.concat([...encoded, close]), mask, cuts);
        const kept = encoded.filter((_, index) => list[index] !== 'own');
        expect(bytes.equals(Buffer.concat([...kept, close]))).toBe(true);
        expect(scanner.messages).toBe(list.filter((kind) => kind === 'text').length);
      }),
      { numRuns: 500 },
    );
  });

  it('drops one between the fragments of a message without ending it', () => {
    const parts = [
      encodeFrame({ opcode: OPCODE.text, fin: false, payload: 'a' }),
      encodeFrame({ opcode: OPCODE.pong, payload: OWN }),
      encodeFrame({ opcode: OPCODE.continuation, payload: 'b' }),
    ];
    const { bytes, scanner } = pass(Buffer.concat(parts), false);
    expect(decodeFrames(bytes).frames.map(({ payload }) => payload.toString())).toEqual(['a', 'b']);
    expect(scanner.messages).toBe(1);
  });

  it('forwards an own pong while no ping was sent: it is an unsolicited one (RFC 6455 §5.5.3)', () => {
    const forwarded: Buffer[] = [];
    const ignore = (): void => {};
    const rules = { expectsMask: false, firstFrameBits: 0, otherFrameBits: 0 };
    const sink = {
      forward: (bytes: Buffer) => forwarded.push(bytes),
      closeFrame: ignore,
      invalid: ignore,
      boundary: ignore,
    };
    const pong = encodeFrame({ opcode: OPCODE.pong, payload: OWN });
    new FrameScanner(rules, sink).push(pong);
    expect(Buffer.concat(forwarded).equals(pong)).toBe(true);
  });
});
