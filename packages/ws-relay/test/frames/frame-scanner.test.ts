import type { Writable } from 'node:stream';

import { decodeFrames, encodeFrame, closeFrame, OPCODE, type FrameParts } from '@ocelot/test-support';
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  nat,
  oneof,
  property,
  record,
  uint8Array,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ws from 'ws';

import type { CloseFault, CloseStatus } from '../../src/frames/close-codes.js';
import { FrameScanner } from '../../src/frames/frame-scanner.js';
import type { Boundary } from '../../src/frames/scan-sink.js';
import type { HeaderRules } from '../../src/frames/frame-header.js';

/** Exported by ws, but missing in its types. */
const { Receiver } = ws as unknown as { readonly Receiver: new (options: object) => Writable };

const CLIENT: HeaderRules = { expectsMask: true, firstFrameBits: 0, otherFrameBits: 0 };
const SERVER: HeaderRules = { expectsMask: false, firstFrameBits: 0, otherFrameBits: 0 };
const DEFLATED: HeaderRules = { ...SERVER, firstFrameBits: 0x40 };

const ignore = (): void => {};

/** Everything a scanner said about a stream that was cut at the given places. */
function scan(stream: Buffer, rules: HeaderRules, cuts: readonly number[] = [], notifyAt?: Boundary) {
  const forwarded: Buffer[] = [];
  const closes: { frame: Buffer; status: CloseStatus }[] = [];
  const faults: CloseFault[] = [];
  const boundaries: number[] = [];
  const scanner = new FrameScanner(rules, {
    forward: (bytes) => forwarded.push(Buffer.from(bytes)),
    closeFrame: (frame, status) => closes.push({ frame, status }),
    invalid: (fault) => faults.push(fault),
    boundary: () => boundaries.push(Buffer.concat(forwarded).length),
  });
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), stream.length]) {
    if (notifyAt !== undefined && from > 0) scanner.notifyAt(notifyAt);
    if (cut > from) scanner.push(stream.subarray(from, cut));
    from = Math.max(from, cut);
  }
  return { forwarded: Buffer.concat(forwarded), closes, faults, boundaries, messages: scanner.messages, scanner };
}

const sequence = (mask: boolean, ...parts: FrameParts[]): Buffer =>
  Buffer.concat(parts.map((part) => encodeFrame({ mask, ...part })));

const fault = (parts: FrameParts[], rules: HeaderRules): string | undefined =>
  scan(sequence(rules.expectsMask, ...parts), rules).faults[0]?.rule;

describe('FrameScanner', () => {
  it('forwards a valid stream unchanged and counts its messages', () => {
    const stream = sequence(
      true,
      { opcode: OPCODE.text, payload: 'one' },
      { opcode: OPCODE.binary, payload: Buffer.alloc(70_000), fin: false },
      { opcode: OPCODE.ping, payload: 'between' },
      { opcode: OPCODE.continuation, payload: '', fin: false },
      { opcode: OPCODE.continuation, payload: 'end' },
      { opcode: OPCODE.text, payload: '' },
    );
    const seen = scan(stream, CLIENT);
    expect(seen.forwarded.equals(stream)).toBe(true);
    expect(seen.messages).toBe(3);
    expect(seen.faults).toEqual([]);
  });

  it('hands on a chunk that holds whole frames as the very same buffer', () => {
    const chunk = sequence(false, { opcode: OPCODE.text, payload: 'a' }, { opcode: OPCODE.text, payload: 'b' });
    const passed: Buffer[] = [];
    const sink = {
      forward: (bytes: Buffer) => passed.push(bytes),
      closeFrame: ignore,
      invalid: ignore,
      boundary: ignore,
    };
    new FrameScanner(SERVER, sink).push(chunk);
    expect(passed[0]).toBe(chunk);
  });

  it('says the same of a stream however it is cut into chunks', () => {
    const frame = record({
      opcode: constantFrom(OPCODE.text, OPCODE.binary, OPCODE.ping, OPCODE.pong),
      payload: oneof(
        uint8Array({ maxLength: 130 }),
        constantFrom(126, 65_535, 65_536).map((n) => new Uint8Array(n)),
      ),
      fragments: integer({ min: 1, max: 3 }),
    });
    assert(
      property(array(frame, { maxLength: 6 }), boolean(), array(nat(400), { maxLength: 12 }), (list, mask, cuts) => {
        const parts: FrameParts[] = [];
        let messages = 0;
        for (const { opcode, payload, fragments } of list) {
          const isControl = opcode >= 8;
          const bytes = Buffer.from(isControl ? payload.subarray(0, 125) : payload);
          if (!isControl) messages += 1;
          const count = isControl ? 1 : fragments;
          for (let i = 0; i < count; i += 1) {
            parts.push({
              opcode: i === 0 ? opcode : OPCODE.continuation,
              fin: i === count - 1,
              payload: i === 0 ? bytes : 'more',
            });
          }
        }
        parts.push({ opcode: OPCODE.close, payload: Buffer.from('\x03\xe8bye', 'latin1') });
        const stream = sequence(mask, ...parts);
        const seen = scan(stream, mask ? CLIENT : SERVER, cuts);
        expect(seen.faults).toEqual([]);
        expect(seen.messages).toBe(messages);
        expect(seen.closes.map(({ status }) => status)).toEqual([{ code: 1000, reason: 'bye' }]);
        const close = seen.closes[0]?.frame ?? Buffer.alloc(0);
        expect(Buffer.concat([seen.forwarded, close]).equals(stream)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('lets nothing pass behind the frame at which it is stopped, and all of it in order once it goes on', () => {
    const stream = sequence(
      true,
      { opcode: OPCODE.text, payload: 'a', fin: false },
      { opcode: OPCODE.ping, payload: 'p' },
      { opcode: OPCODE.continuation, payload: 'b'.repeat(200) },
      { opcode: OPCODE.binary, payload: '' },
      { opcode: OPCODE.binary, payload: 'c' },
      { opcode: OPCODE.close, payload: Buffer.from([3, 232]) },
    );
    const whole = scan(stream, CLIENT);
    assert(
      property(array(integer({ min: 1, max: stream.length }), { maxLength: 8 }), (cuts) => {
        const forwarded: Buffer[] = [];
        const ends: string[] = [];
        let inspected = 0;
        const scanner: FrameScanner = new FrameScanner(
          CLIENT,
          {
            forward: (bytes) => forwarded.push(Buffer.from(bytes)),
            closeFrame: (_, { code }) => ends.push(String(code)),
            invalid: ({ rule }) => ends.push(rule),
            boundary: ignore,
          },
          {
            inspect() {
              inspected += 1;
              scanner.stop();
              return undefined;
            },
          },
        );
        let from = 0;
        for (const cut of [...cuts.toSorted((a, b) => a - b), stream.length]) {
          scanner.push(stream.subarray(from, cut));
          from = cut;
        }
        // Stopped in each frame, so each step takes one frame; what is kept is not the chunk that it came in.
        const copy = Buffer.from(stream);
        stream.fill(0);
        for (let frame = 1; frame < 6; frame += 1) {
          if (!scanner.isDone) expect(inspected).toBeLessThanOrEqual(frame + cuts.length);
          scanner.goOn();
        }
        copy.copy(stream);
        scanner.goOn();
        expect([Buffer.concat(forwarded), ends, inspected]).toEqual([whole.forwarded, ['1000'], 6]);
        expect(scanner.messages).toBe(whole.messages);
      }),
    );
  });

  it('goes on from within a walk, and is stopped again by what was kept', () => {
    const stream = sequence(true, ...['a', 'b', 'c', 'd'].map((payload) => ({ opcode: OPCODE.text, payload })));
    const forwarded: number[] = [];
    const sink = { forward: (bytes: Buffer) => forwarded.push(bytes.length), closeFrame: ignore, invalid: ignore };
    let stops = true;
    const scanner: FrameScanner = new FrameScanner(
      CLIENT,
      { ...sink, boundary: ignore },
      {
        inspect() {
          scanner.stop();
          if (!stops) scanner.goOn();
          return undefined;
        },
      },
    );
    scanner.push(stream);
    scanner.goOn();
    expect(forwarded).toEqual([7, 7]);
    stops = false;
    scanner.goOn();
    expect(forwarded).toEqual([7, 7, 14]);
    scanner.goOn();
    expect([forwarded.length, scanner.messages]).toEqual([3, 4]);
  });

  it('holds a split header back, so that what was forwarded never ends inside one', () => {
    const first = encodeFrame({ opcode: OPCODE.text, payload: 'abc', mask: true });
    const second = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(300), mask: true });
    const stream = Buffer.concat([first, second]);
    for (let cut = first.length + 1; cut < first.length + 8; cut += 1) {
      const { forwarded, scanner } = scan(stream.subarray(0, cut), CLIENT);
      expect(forwarded.equals(first)).toBe(true);
      expect(scanner.isAtFrameBoundary).toBe(true);
    }
  });

  it('drops what follows a Close frame (RFC 6455 §5.5.1)', () => {
    const stream = Buffer.concat([
      closeFrame(1000, '', true),
      encodeFrame({ opcode: OPCODE.text, payload: 'x', mask: true }),
    ]);
    const seen = scan(stream, CLIENT);
    expect(seen.forwarded).toHaveLength(0);
    expect(seen.closes).toHaveLength(1);
    expect(seen.scanner.isDone).toBe(true);
  });

  it('accepts an empty Close and passes its frame on as it came (RFC 6455 §7.1.5)', () => {
    const frame = closeFrame(undefined, '', true);
    const [close] = scan(frame, CLIENT).closes;
    expect(close).toEqual({ frame, status: { code: undefined, reason: '' } });
  });

  describe('notifyAt', () => {
    const first = encodeFrame({ opcode: OPCODE.text, payload: 'first', fin: false });
    const last = encodeFrame({ opcode: OPCODE.continuation, payload: 'last' });
    const next = encodeFrame({ opcode: OPCODE.text, payload: 'next' });
    const stream = Buffer.concat([first, last, next]);

    it('tells of the end of the frame that is open, also when more frames follow in the same chunk', () => {
      const seen = scan(stream, SERVER, [3], 'frame');
      expect(seen.boundaries).toEqual([first.length]);
      expect(seen.forwarded.equals(stream)).toBe(true);
    });

    it('tells of the end of the message that is open', () => {
      const seen = scan(stream, SERVER, [3], 'message');
      expect(seen.boundaries).toEqual([first.length + last.length]);
    });

    it('tells at once at a boundary, before a header that is held back', () => {
      const seen = scan(Buffer.concat([next, next]), SERVER, [next.length + 1], 'message');
      expect(seen.boundaries).toEqual([next.length]);
    });
  });

  describe('refuses', () => {
    const text = { opcode: OPCODE.text, payload: 'x' };

    it.each<[string, FrameParts[], HeaderRules, RegExp]>([
      ['an unmasked client frame (RFC 6455 §5.1)', [{ ...text, mask: false }], CLIENT, /not masked/],
      ['a masked server frame (RFC 6455 §5.1)', [{ ...text, mask: true }], SERVER, /is masked/],
      ['RSV1 without permessage-deflate (RFC 6455 §5.2)', [{ ...text, rsv: 4 }], SERVER, /reserved bit/],
      ['RSV2 with permessage-deflate', [{ ...text, rsv: 2 }], DEFLATED, /reserved bit/],
      ['RSV1 on a control frame (RFC 7692 §6.1)', [{ opcode: OPCODE.ping, rsv: 4 }], DEFLATED, /reserved bit/],
      [
        'RSV1 on a continuation (RFC 7692 §6.1)',
        [
          { ...text, fin: false },
          { opcode: 0, rsv: 4 },
        ],
        DEFLATED,
        /reserved bit/,
      ],
      ['a reserved data opcode', [{ opcode: 3 }], SERVER, /opcode 3 is reserved/],
      ['a reserved control opcode', [{ opcode: 11 }], SERVER, /opcode 11 is reserved/],
      ['a fragmented control frame (RFC 6455 §5.5)', [{ opcode: OPCODE.ping, fin: false }], SERVER, /fragmented/],
      [
        'a control frame of 126 bytes (RFC 6455 §5.5)',
        [{ opcode: OPCODE.ping, payload: Buffer.alloc(126) }],
        SERVER,
        /125/,
      ],
      ['a Close frame of 126 bytes', [{ opcode: OPCODE.close, payload: Buffer.alloc(126) }], SERVER, /125/],
      ['a continuation of nothing (RFC 6455 §5.4)', [{ opcode: OPCODE.continuation }], SERVER, /nothing to continue/],
      ['a message inside another (RFC 6455 §5.4)', [{ ...text, fin: false }, text], SERVER, /inside another/],
      ['a length with its top bit set', [{ opcode: 2, claimedLength: 1n << 63n }], SERVER, /64-bit length/],
      ['a length of 2^53', [{ opcode: 2, claimedLength: 1n << 53n }], CLIENT, /64-bit length/],
      ['a Close payload of one byte', [{ opcode: 8, payload: 'x' }], CLIENT, /two code bytes/],
      ['Close code 1005', [{ opcode: 8, payload: Buffer.from([0x03, 0xed]) }], SERVER, /1005/],
    ])('%s', (_, parts, rules, message) => {
      expect(fault(parts, rules)).toMatch(message);
    });

    it('a Close reason that is not UTF-8, with 1007 (RFC 6455 §8.1)', () => {
      const stream = encodeFrame({ opcode: OPCODE.close, payload: Buffer.from([0x03, 0xe8, 0xff]) });
      expect(scan(stream, SERVER).faults[0]?.closeCode).toBe(1007);
    });

    it('a bad frame whole: what stands before it was forwarded, nothing of it', () => {
      const good = encodeFrame({ opcode: OPCODE.text, payload: 'good', mask: true });
      const bad = encodeFrame({ opcode: OPCODE.text, payload: 'bad' });
      for (let cut = 1; cut < good.length + bad.length; cut += 1) {
        const seen = scan(Buffer.concat([good, bad]), CLIENT, [cut]);
        expect(seen.forwarded.equals(good)).toBe(true);
        expect(seen.faults).toHaveLength(1);
      }
    });
  });

  it('accepts RSV1 on the first frame of a compressed message (RFC 7692 §6.1)', () => {
    const stream = sequence(
      false,
      { opcode: OPCODE.text, rsv: 4, payload: 'x', fin: false },
      { opcode: OPCODE.continuation, payload: 'y' },
    );
    expect(scan(stream, DEFLATED)).toMatchObject({ messages: 1, faults: [] });
  });

  it('agrees with the receiver of the ws package on which streams are valid', async () => {
    const part = record({
      opcode: constantFrom(0, 1, 2, 3, 8, 9, 10, 11),
      fin: boolean(),
      rsv: constantFrom(0, 0, 0, 4),
      payload: constantFrom('', 'a', 'hello'),
    });
    await assert(
      asyncProperty(array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
        const list = parts.map((one) => (one.opcode === 8 ? { ...one, payload: Buffer.from([0x03, 0xe8]) } : one));
        const stream = upToClose(sequence(true, ...list));
        const receiver = new Receiver({ isServer: true, skipUTF8Validation: true });
        receiver.on('error', () => {});
        const error = await new Promise((resolve) => receiver.write(Buffer.from(stream), resolve));
        expect(scan(stream, CLIENT).faults.length === 0).toBe(error === null || error === undefined);
      }),
      { numRuns: 500 },
    );
  });
});

/** Frames up to and with the first Close: behind it ws reports an error of its own use, not of the stream. */
function upToClose(stream: Buffer): Buffer {
  const { frames } = decodeFrames(stream);
  let size = 0;
  for (const { opcode, payload } of frames) {
    size += 6 + payload.length;
    if (opcode === 8) break;
  }
  return stream.subarray(0, size);
}
