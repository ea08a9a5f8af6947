import { encodeFrame, OPCODE, type FrameParts } from '@ocelot/test-support';
import * as fc from 'fast-check';

/** A masking key of four given bytes: random ones would make a failure impossible to repeat. */
const KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

const payload = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 5, arbitrary: fc.constantFrom(125, 126, 127, 300).map((length) => Buffer.alloc(length, 0x61)) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536).map((length) => Buffer.alloc(length, 0x61)) },
);

const code = fc.oneof(fc.constantFrom(1000, 1001, 1005, 1006, 1015, 2999, 3000, 4999, 5000, 0), fc.nat(65_535));

const closePayload = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  fc.tuple(code, fc.string({ maxLength: 8 })).map(([value, reason]) => {
    const text = Buffer.from(reason);
    const bytes = Buffer.alloc(2 + text.length);
    bytes.writeUInt16BE(value);
    text.copy(bytes, 2);
    return bytes;
  }),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
);

const control = fc.record({
  opcode: fc.constantFrom(OPCODE.ping, OPCODE.pong),
  payload: payload.map((bytes) => bytes.subarray(0, 125)),
});

/** A whole message in one to four frames, with control frames between them (RFC 6455 §5.4). */
const message = fc
  .record({
    opcode: fc.constantFrom(OPCODE.text, OPCODE.binary),
    rsv: fc.constantFrom(0, 0, 4),
    fragments: fc.array(payload, { minLength: 1, maxLength: 4 }),
    between: fc.array(control, { maxLength: 2 }),
    lengthBits: fc.constantFrom(undefined, undefined, 64 as const),
  })
  .map(({ opcode, rsv, fragments, between, lengthBits }): readonly FrameParts[] =>
    fragments.flatMap((bytes, i) => [
      {
        opcode: i === 0 ? opcode : OPCODE.continuation,
        rsv: i === 0 ? rsv : 0,
        fin: i === fragments.length - 1,
        payload: bytes,
        ...(lengthBits === undefined ? {} : { lengthBits }),
      },
      ...(i < fragments.length - 1 ? between : []),
    ]),
  );

/** A frame that may break any rule of a header. */
const wild: fc.Arbitrary<FrameParts> = fc
  .record({
    opcode: fc.nat(15),
    fin: fc.boolean(),
    rsv: fc.constantFrom(0, 0, 0, 4, 2, 1, 7),
    payload: fc.oneof(payload, closePayload),
    claimedLength: fc.constantFrom(undefined, undefined, undefined, 1n << 63n, 1n << 53n, (1n << 53n) - 1n, 1n << 32n),
  })
  .map(({ claimedLength, ...rest }) => (claimedLength === undefined ? rest : { ...rest, claimedLength }));

const step: fc.Arbitrary<readonly FrameParts[]> = fc.oneof(
  { weight: 6, arbitrary: message },
  { weight: 2, arbitrary: control.map((one) => [one]) },
  { weight: 1, arbitrary: closePayload.map((bytes) => [{ opcode: OPCODE.close, payload: bytes }]) },
  { weight: 1, arbitrary: wild.map((one) => [one]) },
);

/** Streams of one side, mostly valid: `mask` as the side must, now and then not. */
export function frameStreams(mask: boolean): fc.Arbitrary<Buffer> {
  return fc
    .array(fc.tuple(step, fc.nat(30)), { maxLength: 6 })
    .map((steps) =>
      Buffer.concat(
        steps.flatMap(([frames, slip]) =>
          frames.map((parts) => encodeFrame({ ...parts, mask: mask !== (slip === 0) ? KEY : false })),
        ),
      ),
    );
}
