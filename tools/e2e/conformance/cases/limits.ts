import { OPCODE, type FrameParts } from '@ocelot/test-support';

import {
  ACCEPTED,
  refused,
  type CaseRoute,
  type ConformanceCase,
  type Mode,
  type Verdict,
} from '../conformance-case.js';
import { LIMITS } from '../gateway-under-test.js';

const { binary, text, continuation, ping } = OPCODE;
const TOO_BIG = 'OCELOT_ERR_MESSAGE_TOO_BIG';
const TOO_MANY = 'OCELOT_ERR_FRAME_LIMIT';
/** An opaque route knows no frames, so it has none of these limits. */
const MODES: readonly Mode[] = ['framed', 'messages'];

const stream = (
  route: CaseRoute,
  name: string,
  parts: readonly FrameParts[],
  verdict: Verdict,
  errorCode?: string,
): ConformanceCase => ({
  name: `limits/${name}`,
  rule: 'RFC 6455 §10.4',
  route,
  modes: MODES,
  frames: (write) => parts.map((part) => write.frame(part)),
  verdict,
  ...(errorCode === undefined ? {} : { errorCode }),
});

const size = (bytes: number): Buffer => Buffer.alloc(bytes, 's');
const { maxMessageBytes, maxFramesPerMessage, maxFrameRate } = LIMITS;

const fragments = (count: number): readonly FrameParts[] =>
  Array.from({ length: count }, (_, i) => ({
    opcode: i === 0 ? binary : continuation,
    fin: i === count - 1,
    payload: 'x',
  }));

const bytes: readonly ConformanceCase[] = [
  stream('max-bytes', 'a message as big as allowed', [{ opcode: text, payload: size(maxMessageBytes) }], ACCEPTED),
  stream(
    'max-bytes',
    'pieces that are together as big as allowed',
    [
      { opcode: binary, fin: false, payload: size(maxMessageBytes - 1) },
      { opcode: continuation, payload: size(1) },
    ],
    ACCEPTED,
  ),
  stream(
    'max-bytes',
    'twenty messages, each as big as allowed',
    Array.from({ length: 20 }, () => ({ opcode: binary, payload: size(maxMessageBytes) })),
    ACCEPTED,
  ),
  stream(
    'max-bytes',
    'pings do not count for the size of a message (Kong)',
    [
      { opcode: binary, fin: false, payload: size(maxMessageBytes - 1) },
      { opcode: ping, payload: size(125) },
      { opcode: continuation, payload: size(1) },
    ],
    ACCEPTED,
  ),
  stream(
    'max-bytes',
    'a message one byte too big',
    [{ opcode: binary, payload: size(maxMessageBytes + 1) }],
    refused(1009),
    TOO_BIG,
  ),
  {
    ...stream(
      'max-bytes',
      'a header that claims one byte too much is enough',
      [{ opcode: binary, claimedLength: BigInt(maxMessageBytes + 1) }],
      refused(1009),
      TOO_BIG,
    ),
    isLeftOpen: true,
  },
  stream(
    'max-bytes',
    'pieces that are together one byte too big',
    [
      { opcode: binary, fin: false, payload: size(maxMessageBytes) },
      { opcode: continuation, payload: size(1) },
    ],
    refused(1009),
    TOO_BIG,
  ),
];

const counts: readonly ConformanceCase[] = [
  stream('max-frames', 'as many pieces as allowed', fragments(maxFramesPerMessage), ACCEPTED),
  stream(
    'max-frames',
    'two messages of as many pieces as allowed',
    [...fragments(maxFramesPerMessage), ...fragments(maxFramesPerMessage)],
    ACCEPTED,
  ),
  stream('max-frames', 'one piece too many', fragments(maxFramesPerMessage + 1), refused(1008), TOO_MANY),
  stream(
    'max-frames',
    'a thousand empty pieces',
    fragments(1000).map((part) => ({ ...part, payload: '' })),
    refused(1008),
    TOO_MANY,
  ),
  stream(
    'max-rate',
    'a few frames',
    Array.from({ length: 10 }, () => ({ opcode: text, payload: 'calm' })),
    ACCEPTED,
  ),
  {
    ...stream(
      'max-rate',
      'ten times the rate at once',
      Array.from({ length: maxFrameRate * 10 }, () => ({ opcode: text, payload: 'x' })),
      refused(1008),
      TOO_MANY,
    ),
    styles: ['framewise', 'coalesced'],
  },
  {
    ...stream(
      'max-rate',
      'ten times the rate in pings',
      Array.from({ length: maxFrameRate * 10 }, () => ({ opcode: ping, payload: 'x' })),
      refused(1008),
      TOO_MANY,
    ),
    styles: ['framewise', 'coalesced'],
  },
];

/** `MaxMessageBytes`, `MaxFramesPerMessage` and `MaxFrameRate`: what is allowed passes, one more does not. */
export const LIMIT_CASES: readonly ConformanceCase[] = [...bytes, ...counts];
