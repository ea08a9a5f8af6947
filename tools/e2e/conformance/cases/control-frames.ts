import { OPCODE, type FrameParts } from '@ocelot/test-support';

import { ACCEPTED, refused, type ConformanceCase, type Verdict } from '../conformance-case.js';

const RULE = 'RFC 6455 §5.5';
const { ping, pong, text, continuation, close } = OPCODE;

const stream = (name: string, parts: readonly FrameParts[], verdict: Verdict): ConformanceCase => ({
  name: `control/${name}`,
  rule: RULE,
  frames: (write) => parts.map((part) => write.frame(part)),
  verdict,
});

const everyLength = Array.from({ length: 126 }, (_, size) => Buffer.alloc(size, size));

const tooLong = ([ping, pong, close] as const).flatMap((opcode): ConformanceCase[] => {
  const name = { [ping]: 'ping', [pong]: 'pong', [close]: 'Close' }[opcode];
  return [
    stream(`a ${name} of 126 bytes`, [{ opcode, payload: Buffer.alloc(126, 3) }], refused()),
    stream(`a ${name} of 70000 bytes`, [{ opcode, payload: Buffer.alloc(70_000, 3) }], refused()),
    stream(`a ${name} with a length of 16 bits`, [{ opcode, payload: '', lengthBits: 16 }], refused()),
    stream(`a ${name} with a length of 64 bits`, [{ opcode, payload: '', lengthBits: 64 }], refused()),
    stream(`a ${name} without FIN`, [{ opcode, fin: false, payload: '' }], refused()),
    stream(
      `a ${name} without FIN within a message`,
      [
        { opcode: text, fin: false, payload: 'a' },
        { opcode, fin: false, payload: '' },
      ],
      refused(),
    ),
  ];
});

/** Ping, pong and their limits. */
export const CONTROL_FRAMES: readonly ConformanceCase[] = [
  stream(
    'pings of 0 to 125 bytes',
    everyLength.map((payload) => ({ opcode: ping, payload })),
    ACCEPTED,
  ),
  stream(
    'unasked pongs of 0 to 125 bytes',
    everyLength.map((payload) => ({ opcode: pong, payload })),
    ACCEPTED,
  ),
  stream('a ping that is not UTF-8', [{ opcode: ping, payload: Buffer.from([0xff, 0xfe, 0, 0x80]) }], ACCEPTED),
  stream(
    'ten pings at once',
    everyLength.slice(1, 11).map((payload) => ({ opcode: ping, payload })),
    ACCEPTED,
  ),
  stream(
    'pings between messages keep their place',
    [
      { opcode: ping, payload: 'before' },
      { opcode: text, payload: 'one' },
      { opcode: ping, payload: 'between' },
      { opcode: text, payload: 'two' },
      { opcode: pong, payload: 'unasked' },
      { opcode: ping, payload: 'behind' },
    ],
    ACCEPTED,
  ),
  stream(
    'a ping in the middle of a message of 70000 bytes',
    [
      { opcode: text, fin: false, payload: Buffer.alloc(35_000, 'a') },
      { opcode: ping, payload: 'are you there' },
      { opcode: continuation, payload: Buffer.alloc(35_000, 'b') },
    ],
    ACCEPTED,
  ),
  ...tooLong,
];
