import { closePayload, encodeFrame, OPCODE, type FrameParts } from '@ocelot/test-support';

import { ACCEPTED, refused, type ConformanceCase, type FrameWriter, type Verdict } from '../conformance-case.js';

const { close, text, ping, continuation, binary } = OPCODE;

const stream = (name: string, rule: string, parts: readonly FrameParts[], verdict: Verdict): ConformanceCase => ({
  name: `closing/${name}`,
  rule: `RFC 6455 ${rule}`,
  frames: (write) => parts.map((part) => write.frame(part)),
  verdict,
  hasOwnClose: true,
});

/** A Close, and what is said behind it although nothing counts any more. */
const followed = (name: string, behind: (write: FrameWriter) => readonly Buffer[]): ConformanceCase => ({
  name: `closing/${name} behind a Close is ignored`,
  rule: 'RFC 6455 §5.5.1',
  frames: (write) => [write.frame({ opcode: close, payload: closePayload(4000, 'over') }), ...behind(write)],
  verdict: ACCEPTED,
  hasOwnClose: true,
});

const SENDABLE = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4999];
const UNSENDABLE = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

const codes: readonly ConformanceCase[] = [
  ...SENDABLE.flatMap((code) => [
    stream(`code ${code}`, '§7.4', [{ opcode: close, payload: closePayload(code) }], ACCEPTED),
    stream(`code ${code} with a reason`, '§7.4', [{ opcode: close, payload: closePayload(code, 'why') }], ACCEPTED),
  ]),
  ...UNSENDABLE.flatMap((code) => [
    stream(`code ${code}, which must not be sent`, '§7.4', [{ opcode: close, payload: closePayload(code) }], refused()),
    stream(
      `code ${code} with a reason`,
      '§7.4',
      [{ opcode: close, payload: closePayload(code, 'because') }],
      refused(),
    ),
  ]),
];

const reasons: readonly ConformanceCase[] = [
  ...[1, 2, 61, 122, 123].map((size) =>
    stream(
      `a reason of ${size} bytes`,
      '§5.5',
      [{ opcode: close, payload: closePayload(1000, 'r'.repeat(size)) }],
      ACCEPTED,
    ),
  ),
  stream(
    'a reason of 123 bytes in many-byte characters',
    '§5.5',
    [{ opcode: close, payload: closePayload(1000, '€'.repeat(41)) }],
    ACCEPTED,
  ),
  stream('a reason of 124 bytes', '§5.5', [{ opcode: close, payload: closePayload(1000, 'r'.repeat(124)) }], refused()),
  ...['80', 'c3', 'eda080', 'f4908080', '6f6bff'].map((bad) =>
    stream(
      `the reason ${bad}, which is not UTF-8`,
      '§5.5.1, §8.1',
      [{ opcode: close, payload: Buffer.concat([closePayload(1000), Buffer.from(bad, 'hex')]) }],
      refused(1007),
    ),
  ),
];

/** The end of a WebSocket as one side begins it. */
export const CLOSING: readonly ConformanceCase[] = [
  stream('an empty Close', '§5.5.1', [{ opcode: close }], ACCEPTED),
  stream('a Close of one byte', '§5.5.1', [{ opcode: close, payload: Buffer.from([3]) }], refused()),
  ...codes,
  ...reasons,
  stream(
    'a message and a Close right behind it',
    '§5.5.1',
    [
      { opcode: text, payload: 'last words' },
      { opcode: close, payload: closePayload(1000) },
    ],
    ACCEPTED,
  ),
  stream(
    'a Close between the pieces of a message',
    '§5.4, §5.5.1',
    [
      { opcode: text, fin: false, payload: 'half' },
      { opcode: close, payload: closePayload(1001, 'no time') },
    ],
    ACCEPTED,
  ),
  stream(
    'a ping and a Close right behind it',
    '§5.5.1',
    [
      { opcode: ping, payload: 'p' },
      { opcode: close, payload: closePayload(1000) },
    ],
    ACCEPTED,
  ),
  followed('a text', (write) => [write.frame({ opcode: text, payload: 'too late' })]),
  followed('a ping', (write) => [write.frame({ opcode: ping, payload: 'too late' })]),
  followed('a second Close', (write) => [write.frame({ opcode: close, payload: closePayload(4001) })]),
  followed('a frame that breaks the rules', () => [encodeFrame({ opcode: 3, rsv: 7, payload: 'wild' })]),
  followed('a continuation', (write) => [write.frame({ opcode: continuation, payload: 'x' })]),
  followed('100 KB', (write) => [write.frame({ opcode: binary, payload: Buffer.alloc(100_000) })]),
];
