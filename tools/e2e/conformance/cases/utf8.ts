import { OPCODE } from '@ocelot/test-support';

import { ACCEPTED, refusedPayload, type ConformanceCase, type FrameWriter } from '../conformance-case.js';

const RULE = 'RFC 6455 §8.1';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const whole =
  (bytes: Buffer) =>
  (write: FrameWriter): readonly Buffer[] => [write.frame({ opcode: OPCODE.text, payload: bytes })];

/** One frame per piece; the message ends with the last, unless it is left open. */
const inPieces =
  (pieces: readonly Buffer[], isLeftOpen = false) =>
  (write: FrameWriter): readonly Buffer[] =>
    pieces.map((payload, i) => {
      const fin = !isLeftOpen && i === pieces.length - 1;
      return write.frame({ opcode: i === 0 ? OPCODE.text : OPCODE.continuation, fin, payload });
    });

const SOUND: Readonly<Record<string, string>> = {
  'mixed text': '48656c6c6f2d c2b5 40 c39f c3b6 c3a4',
  'Greek text': 'cebae1bdb9cf83cebcceb5',
  NUL: '00',
  'U+007F, the last of one byte': '7f',
  'U+0080, the first of two bytes': 'c280',
  'U+07FF, the last of two bytes': 'dfbf',
  'U+0800, the first of three bytes': 'e0a080',
  'U+D7FF, below the surrogates': 'ed9fbf',
  'U+E000, above the surrogates': 'ee8080',
  'U+FEFF, a byte order mark': 'efbbbf',
  'U+FFFD, the replacement character': 'efbfbd',
  'U+FFFE, a noncharacter': 'efbfbe',
  'U+FFFF, the last of three bytes': 'efbfbf',
  'U+10000, the first of four bytes': 'f0908080',
  'U+1FFFE, a noncharacter': 'f09fbfbe',
  'U+10FFFF, the last of all': 'f48fbfbf',
};

const BROKEN: Readonly<Record<string, string>> = {
  'a continuation byte': '80',
  'the last continuation byte': 'bf',
  'a run of continuation bytes': '80bf80bf80bf',
  'a continuation byte behind a character': 'c3a480',
  'a start of two bytes before a space': 'c320',
  'a start of three bytes before a space': 'e220',
  'a start of four bytes before a space': 'f020',
  'two bytes, the last missing': '61c3',
  'three bytes, the last missing': 'e282',
  'three bytes, two missing': 'ef',
  'four bytes, the last missing': 'f09f98',
  'four bytes, three missing': 'f0',
  'C0, which never stands': 'c080',
  'C1, which never stands': 'c1bf',
  'F5, which never stands': 'f5808080',
  'FE, which never stands': 'fe',
  'FF, which never stands': 'ff',
  'FE FE FF FF': 'fefeffff',
  'five bytes': 'f888808080',
  'six bytes': 'fc8480808080',
  'overlong slash in two bytes': 'c0af',
  'overlong slash in three bytes': 'e080af',
  'overlong slash in four bytes': 'f08080af',
  'overlong slash in five bytes': 'f8808080af',
  'overlong, as long as it gets in three bytes': 'e09fbf',
  'overlong, as long as it gets in four bytes': 'f08fbfbf',
  'overlong NUL in three bytes': 'e08080',
  'U+D800, the first surrogate': 'eda080',
  'U+DB7F, a high surrogate': 'edadbf',
  'U+DC00, the first low surrogate': 'edb080',
  'U+DFFF, the last surrogate': 'edbfbf',
  'a pair of surrogates': 'eda080edb080',
  'U+110000, above the last': 'f4908080',
  'a surrogate inside Greek text': 'cebae1bdb9cf83cebcceb5eda080656469746564',
};

const sound = Object.entries(SOUND).flatMap(([what, bytes]): ConformanceCase[] => [
  { name: `utf8/sound: ${what}`, rule: RULE, frames: whole(hex(bytes)), verdict: ACCEPTED },
  {
    name: `utf8/sound in pieces of one byte: ${what}`,
    rule: `${RULE}, §5.6`,
    frames: inPieces(Array.from(hex(bytes), (byte) => Buffer.from([byte]))),
    verdict: ACCEPTED,
    styles: ['framewise', 'coalesced'],
  },
]);

// Framed mode reads no payloads: the text passes, and the far end refuses it.
const broken = Object.entries(BROKEN).flatMap(([what, bytes]): ConformanceCase[] => [
  { name: `utf8/broken: ${what}`, rule: RULE, frames: whole(hex(bytes)), verdict: refusedPayload() },
  {
    name: `utf8/broken in pieces of one byte: ${what}`,
    rule: `${RULE}, §5.6`,
    frames: inPieces(Array.from(hex(bytes), (byte) => Buffer.from([byte]))),
    verdict: refusedPayload(),
    styles: ['framewise'],
  },
]);

/** Texts of RFC 3629 and others, as Autobahn's category 6 has them. */
export const UTF8: readonly ConformanceCase[] = [
  ...sound,
  ...broken,
  {
    name: 'utf8/broken bytes in a binary message are nobody’s business',
    rule: 'RFC 6455 §5.6',
    frames: (write) =>
      Object.values(BROKEN).map((bytes) => write.frame({ opcode: OPCODE.binary, payload: hex(bytes) })),
    verdict: ACCEPTED,
  },
  {
    name: 'utf8/the broken piece is the second of three',
    rule: RULE,
    frames: inPieces([hex('cebae1bdb9'), hex('eda080'), hex('6f6b')]),
    verdict: refusedPayload(),
  },
  {
    name: 'utf8/fails fast: the broken piece comes, the rest of the message never',
    rule: `${RULE}, Autobahn 6.4.1`,
    frames: inPieces([hex('cebae1bdb9cf83'), hex('f4908080')], true),
    verdict: refusedPayload(),
    // Messages mode judges whole messages.
    modes: ['framed', 'opaque'],
  },
  {
    name: 'utf8/fails fast: the broken byte comes, the rest of its frame never',
    rule: `${RULE}, Autobahn 6.4.3`,
    frames: (write) => [write.frame({ opcode: OPCODE.text, claimedLength: 100n, payload: hex('cebae1bdb9f490') })],
    verdict: refusedPayload(),
    isLeftOpen: true,
    modes: ['framed', 'opaque'],
  },
];
