import { OPCODE, type FrameParts } from '@ocelot/test-support';

import { ACCEPTED, refused, type ConformanceCase, type Verdict } from '../conformance-case.js';

const RULE = 'RFC 6455 §5.4';
const { text, binary, continuation, ping, pong } = OPCODE;

const stream = (name: string, parts: readonly FrameParts[], verdict: Verdict): ConformanceCase => ({
  name: `fragmentation/${name}`,
  rule: RULE,
  frames: (write) => parts.map((part) => write.frame(part)),
  verdict,
});

/** A message cut into pieces, the last of them final. */
const pieces = (opcode: number, payloads: readonly (string | Buffer)[]): readonly FrameParts[] =>
  payloads.map((payload, i) => ({
    opcode: i === 0 ? opcode : continuation,
    fin: i === payloads.length - 1,
    payload,
  }));

const bytesOf = (value: string): readonly Buffer[] => Array.from(Buffer.from(value), (byte) => Buffer.from([byte]));

const sound: readonly ConformanceCase[] = [
  stream('text in two pieces', pieces(text, ['frag', 'ment']), ACCEPTED),
  stream('binary in three pieces', pieces(binary, ['a', 'b', 'c']), ACCEPTED),
  stream('empty pieces only', pieces(text, ['', '', '']), ACCEPTED),
  stream('an empty first piece', pieces(binary, ['', 'all of it']), ACCEPTED),
  stream('an empty piece in the middle', pieces(text, ['a', '', 'b']), ACCEPTED),
  stream('an empty last piece', pieces(text, ['all of it', '']), ACCEPTED),
  stream(
    'a hundred pieces of one byte',
    pieces(
      binary,
      Array.from({ length: 100 }, () => 'x'),
    ),
    ACCEPTED,
  ),
  stream('characters split between pieces', pieces(text, bytesOf('κόσμε 𝄞 €')), ACCEPTED),
  stream(
    'pieces of every length form',
    pieces(
      binary,
      [1, 70_000, 0, 300].map((size) => Buffer.alloc(size, 7)),
    ),
    ACCEPTED,
  ),
  stream('two fragmented messages in a row', [...pieces(text, ['a', 'b']), ...pieces(binary, ['c', 'd'])], ACCEPTED),
  stream(
    'a whole message behind a fragmented one',
    [...pieces(text, ['a', 'b']), { opcode: text, payload: 'c' }],
    ACCEPTED,
  ),
  stream(
    'a ping between two pieces',
    [
      { opcode: text, fin: false, payload: 'a' },
      { opcode: ping, payload: 'now' },
      { opcode: continuation, payload: 'b' },
    ],
    ACCEPTED,
  ),
  stream(
    'pings and pongs around every piece',
    [
      { opcode: ping, payload: '1' },
      { opcode: text, fin: false, payload: 'a' },
      { opcode: pong, payload: '' },
      { opcode: ping, payload: Buffer.alloc(125, 2) },
      { opcode: continuation, fin: false, payload: '' },
      { opcode: ping, payload: '3' },
      { opcode: continuation, payload: 'b' },
      { opcode: ping, payload: '' },
    ],
    ACCEPTED,
  ),
];

const first: FrameParts = { opcode: text, fin: false, payload: 'begun' };

const broken: readonly ConformanceCase[] = [
  stream('a final continuation of nothing', [{ opcode: continuation, payload: 'x' }], refused()),
  stream('an unfinal continuation of nothing', [{ opcode: continuation, fin: false, payload: 'x' }], refused()),
  stream('an empty continuation of nothing', [{ opcode: continuation }], refused()),
  stream(
    'a continuation behind a whole message',
    [{ opcode: text, payload: 'a' }, { opcode: continuation }],
    refused(),
  ),
  stream(
    'a continuation behind the last piece',
    [...pieces(text, ['a', 'b']), { opcode: continuation, payload: 'c' }],
    refused(),
  ),
  stream('a whole text within a message', [first, { opcode: text, payload: 'x' }], refused()),
  stream('a whole binary within a message', [first, { opcode: binary, payload: 'x' }], refused()),
  stream('a message that begins within a message', [first, first], refused()),
  stream(
    'a message within a message, behind a ping',
    [first, { opcode: ping, payload: 'p' }, { opcode: binary, fin: false, payload: 'x' }],
    refused(),
  ),
];

/** Messages in pieces, and what may stand between the pieces. */
export const FRAGMENTATION: readonly ConformanceCase[] = [...sound, ...broken];
