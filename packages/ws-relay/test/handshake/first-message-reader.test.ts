import { type GatewayError, isGatewayError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { closeFrame, decodeFrames, encodeFrame, type FrameParts, OPCODE } from '@ocelot/test-support';
import {
  FirstMessageReader,
  type FirstMessageOutcome,
  MAX_FIRST_CONTROLS,
  MAX_FIRST_FRAMES,
} from '../../src/handshake/first-message-reader.js';

const frame = (parts: FrameParts): Buffer => encodeFrame({ mask: true, ...parts });
const text = (payload: string | Buffer, fin = true): Buffer => frame({ opcode: OPCODE.text, payload, fin });
const more = (payload: string | Buffer, fin = true): Buffer => frame({ opcode: OPCODE.continuation, payload, fin });
const ping = (payload: string): Buffer => frame({ opcode: OPCODE.ping, payload });

/** What a reader makes of a stream in one piece, and byte by byte. */
function read(stream: Buffer, maxBytes = 1000): { outcome: FirstMessageOutcome | undefined; pings: string[] } {
  const pings: string[] = [];
  const outcome = new FirstMessageReader(maxBytes, (payload) => pings.push(payload.toString())).push(stream);
  const again: string[] = [];
  const slow = new FirstMessageReader(maxBytes, (payload) => again.push(payload.toString()));
  let used = 0;
  let slowly: FirstMessageOutcome | undefined;
  while (slowly === undefined && used < stream.length) {
    slowly = slow.push(stream.subarray(used, used + 1));
    used += 1;
  }
  expect(again).toEqual(pings);
  if (outcome?.kind !== 'message') expect(slowly).toEqual(outcome);
  else {
    expect(slowly).toMatchObject({ message: outcome.message, frames: outcome.frames });
    expect(outcome.rest).toEqual(stream.subarray(used));
  }
  return { outcome, pings };
}

/** The message that was found. */
function whole({ outcome }: ReturnType<typeof read>): Extract<FirstMessageOutcome, { kind: 'message' }> {
  if (outcome?.kind !== 'message') throw new Error('there is no message');
  return outcome;
}

function fault(stream: Buffer, maxBytes = 1000): GatewayError {
  try {
    read(stream, maxBytes);
  } catch (error) {
    if (isGatewayError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('FirstMessageReader, however the bytes are cut', () => {
  it('takes a message in one frame, and leaves what stands behind it', () => {
    const first = text('{"type":"connection_init"}');
    const outcome = whole(read(Buffer.concat([first, text('second'), Buffer.from([0x81])])));
    expect(outcome.message.type).toBe('text');
    expect(Buffer.from(outcome.message.data).toString()).toBe('{"type":"connection_init"}');
    expect(outcome.frames).toEqual(first);
    expect(outcome.rest.at(-1)).toBe(0x81);
    expect(decodeFrames(outcome.rest).frames[0]?.payload.toString()).toBe('second');
  });

  it('puts fragments together and gives pings their pong, without them among the frames (RFC 6455 §5.4)', () => {
    const pieces = [text('he', false), ping('a'), more('', false), ping('b'), more('llo')];
    const result = read(Buffer.concat(pieces));
    expect(result.pings).toEqual(['a', 'b']);
    const outcome = whole(result);
    expect(Buffer.from(outcome.message.data).toString()).toBe('hello');
    expect(outcome.frames).toEqual(Buffer.concat(pieces.filter((_, index) => index % 2 === 0)));
  });

  it('takes binary and empty messages, and ones with a length of 16 and of 64 bits', () => {
    const binary = read(frame({ opcode: OPCODE.binary, payload: Buffer.from([0xff, 0]) })).outcome;
    expect(binary).toMatchObject({ message: { type: 'binary', data: Buffer.from([0xff, 0]) } });
    expect(read(text('')).outcome).toMatchObject({ message: { type: 'text', data: Buffer.alloc(0) } });
    for (const lengthBits of [16, 64] as const) {
      const { outcome } = read(frame({ opcode: OPCODE.text, payload: 'x'.repeat(300), lengthBits }));
      expect(outcome).toMatchObject({ message: { data: Buffer.from('x'.repeat(300)) } });
    }
  });

  it('waits for more while a message is not whole', () => {
    expect(read(Buffer.concat([text('a', false), ping('')])).outcome).toBeUndefined();
    expect(read(text('abc').subarray(0, -1)).outcome).toBeUndefined();
    expect(read(Buffer.alloc(0)).outcome).toBeUndefined();
  });

  it('says that the client says goodbye', () => {
    expect(read(closeFrame(4000, 'later', true)).outcome).toEqual({
      kind: 'close',
      status: { code: 4000, reason: 'later' },
    });
    expect(read(Buffer.concat([text('a', false), closeFrame(undefined, '', true)])).outcome).toEqual({
      kind: 'close',
      status: { code: undefined, reason: '' },
    });
  });

  it.each([
    ['a frame that is not masked (§5.1)', encodeFrame({ opcode: OPCODE.text, payload: 'x' }), 1002],
    ['a reserved bit: no extension is agreed on (§5.2)', frame({ opcode: OPCODE.text, rsv: 4, payload: 'x' }), 1002],
    ['a reserved opcode (§5.2)', frame({ opcode: 3 }), 1002],
    ['a fragment of nothing (§5.4)', more('x'), 1002],
    ['a message inside another one (§5.4)', Buffer.concat([text('a', false), text('b')]), 1002],
    ['a ping in fragments (§5.5)', frame({ opcode: OPCODE.ping, fin: false }), 1002],
    [
      'a length with its top bit set (§5.2)',
      frame({ opcode: OPCODE.binary, claimedLength: 2n ** 63n, lengthBits: 64 }),
      1002,
    ],
    ['a text that is not UTF-8 (§8.1)', text(Buffer.from([0xc3, 0x28])), 1007],
    ['a Close with a code that must not be sent (§7.4)', closeFrame(1005, '', true), 1002],
    [
      'a Close reason that is not UTF-8 (§5.5.1)',
      frame({ opcode: OPCODE.close, payload: Buffer.from([3, 232, 0xff]) }),
      1007,
    ],
  ])('refuses %s', (_what, stream, closeCode) => {
    expect(fault(stream)).toMatchObject({ code: 'OCELOT_ERR_FRAME_INVALID', closeCode, source: 'client' });
  });

  it('takes a text whose characters are split over fragments', () => {
    const euro = Buffer.from('€');
    const { outcome } = read(Buffer.concat([text(euro.subarray(0, 1), false), more(euro.subarray(1))]));
    expect(outcome).toMatchObject({ message: { data: euro } });
  });

  it('refuses a message that is too big by its header, before its bytes come; fragments are summed', () => {
    const tooBig = { code: 'OCELOT_ERR_MESSAGE_TOO_BIG', closeCode: 1009 };
    const header = frame({ opcode: OPCODE.binary, claimedLength: 1001n, lengthBits: 16 });
    expect(fault(header)).toMatchObject(tooBig);
    expect(fault(Buffer.concat([text('x'.repeat(600), false), more('x'.repeat(401))]))).toMatchObject(tooBig);
    expect(read(Buffer.concat([text('x'.repeat(600), false), more('x'.repeat(400))])).outcome?.kind).toBe('message');
  });

  it('counts frames as well as bytes', () => {
    const limit = { code: 'OCELOT_ERR_FRAME_LIMIT', closeCode: 1008 };
    const begin = text('', false);
    const fragments = Array.from({ length: MAX_FIRST_FRAMES }, () => more('', false));
    expect(fault(Buffer.concat([begin, ...fragments]))).toMatchObject(limit);
    const pings = Array.from({ length: MAX_FIRST_CONTROLS + 1 }, () => ping(''));
    expect(fault(Buffer.concat(pings))).toMatchObject(limit);
  });
});
