import { OPCODE } from '@ocelot/test-support';

import { ACCEPTED, refused, refusedPayload, type ConformanceCase } from '../conformance-case.js';

const MEBIBYTE = 1_048_576;
const RULE = 'RFC 6455 §5.2';

/** Bytes that tell a shifted, repeated or reordered piece. */
const PATTERN = Buffer.from(Uint8Array.from({ length: MEBIBYTE }, (_, i) => (i * 31 + (i >> 8)) & 0xff));

const payload = (size: number): Buffer => PATTERN.subarray(0, size);

const lengths = [0, 1, 2, 125, 126, 127, 128, 65_535, 65_536, 65_537, MEBIBYTE].flatMap((size): ConformanceCase[] => [
  {
    name: `framing/binary of ${size} bytes`,
    rule: RULE,
    frames: (write) => [write.frame({ opcode: OPCODE.binary, payload: payload(size) })],
    verdict: ACCEPTED,
  },
  {
    name: `framing/text of ${size} bytes`,
    rule: `${RULE}, §5.6`,
    frames: (write) => [write.frame({ opcode: OPCODE.text, payload: Buffer.alloc(size, 'text ') })],
    verdict: ACCEPTED,
  },
]);

// A receiver need not refuse a long form: framed mode leaves the judgement to the far end, and messages mode writes
// the length anew, in its shortest form.
const longForms = (
  [
    [0, 16],
    [5, 16],
    [125, 16],
    [0, 64],
    [5, 64],
    [126, 64],
    [65_535, 64],
  ] as const
).map(([size, lengthBits]): ConformanceCase => ({
  name: `framing/${size} bytes with a length of ${lengthBits} bits`,
  rule: RULE,
  frames: (write) => [write.frame({ opcode: OPCODE.binary, payload: payload(size), lengthBits })],
  verdict: refusedPayload(1002),
  verdictIn: { messages: ACCEPTED },
}));

const MAX_SAFE = 1n << 53n;
const TOP_BIT = 1n << 63n;

const absurd = (
  [
    ['with its top bit set', TOP_BIT],
    ['with its top bit set, and 5 below', TOP_BIT + 5n],
    ['of ones only', (1n << 64n) - 1n],
  ] as const
).map(([what, claimedLength]): ConformanceCase => ({
  name: `framing/64-bit length ${what}`,
  rule: RULE,
  frames: (write) => [
    write.frame({ opcode: OPCODE.binary, lengthBits: 64, claimedLength, payload: 'what follows is no payload' }),
  ],
  verdict: refused(),
}));

// Legal by the letter, and more than a number of the runtime holds. The strict peer refuses it for its size.
const unsafe = [MAX_SAFE, MAX_SAFE + 1n, TOP_BIT - 1n].map((claimedLength): ConformanceCase => ({
  name: `framing/64-bit length of ${claimedLength}`,
  rule: RULE,
  frames: (write) => [write.frame({ opcode: OPCODE.binary, lengthBits: 64, claimedLength, payload: 'x' })],
  verdict: refused(),
  verdictIn: { opaque: refusedPayload(1009) },
  isLeftOpen: true,
}));

/** Lengths of the frame header: every form, both kinds of absurdity. */
export const FRAMING: readonly ConformanceCase[] = [
  ...lengths,
  ...longForms,
  ...absurd,
  ...unsafe,
  {
    name: 'framing/64-bit length of 2^53 - 1, of which the first bytes come',
    rule: RULE,
    frames: (write) => [
      write.frame({ opcode: OPCODE.binary, lengthBits: 64, claimedLength: MAX_SAFE - 1n, payload: 'x' }),
    ],
    verdict: refusedPayload(1009),
    isLeftOpen: true,
    // A gateway that keeps whole messages waits for the rest, or refuses it by `MaxMessageBytes`.
    modes: ['framed', 'opaque'],
  },
  {
    name: 'framing/messages of every length form back to back keep their order',
    rule: RULE,
    frames: (write) =>
      [70_000, 1, 300, 0, 126, 65_535, 125, 2, 70_000].map((size, index) =>
        write.frame({ opcode: index % 2 === 0 ? OPCODE.binary : OPCODE.text, payload: Buffer.alloc(size, 'abc') }),
      ),
    verdict: ACCEPTED,
  },
  {
    name: 'framing/a thousand small messages',
    rule: RULE,
    frames: (write) =>
      Array.from({ length: 1000 }, (_, i) => write.frame({ opcode: OPCODE.text, payload: `message ${i}` })),
    verdict: ACCEPTED,
    styles: ['framewise', 'coalesced'],
  },
];
