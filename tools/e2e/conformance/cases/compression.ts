import { constants, deflateRawSync } from 'node:zlib';

import { OPCODE } from '@ocelot/test-support';

import { ACCEPTED, refused, refusedPayload, type ConformanceCase, type Verdict } from '../conformance-case.js';
import { MessageDeflater } from '../deflate-stream.js';

const PLAIN = 'permessage-deflate';
const { text, binary, continuation, ping, pong } = OPCODE;
const RSV1 = 4;

type Frames = ConformanceCase['frames'];

const compressed = (name: string, rule: string, frames: Frames, verdict: Verdict, answer = PLAIN): ConformanceCase => ({
  name: `compression/${name}`,
  rule: `RFC 7692 ${rule}`,
  negotiation: { offer: `${PLAIN}; client_max_window_bits`, answer },
  frames,
  verdict,
});

const sentence = Buffer.from('compress me, and compress me again. '.repeat(40));

/** Texts that begin alike: with a kept context each is mostly a reference to the one before. */
const similar = Array.from({ length: 6 }, (_, i) => Buffer.from(`${sentence.toString()} number ${i}`));

const takeover =
  (keepsContext: boolean): Frames =>
  (write) => {
    const deflater = new MessageDeflater({ keepsContext, windowBits: 15 });
    return similar.map((payload) => write.frame({ opcode: text, rsv: RSV1, payload: deflater.deflate(payload) }));
  };

/** Two times the same 8 KB that nothing in it repeats: a window of 1 KB does not reach back to the first. */
const farRepetition = Buffer.concat(Array.from({ length: 2 }, () => noise(8192)));

/** Bytes without a pattern, the same each time (xorshift). */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 0x2545_f491;
  for (let i = 0; i < size; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

const once = (data: Buffer): Buffer => new MessageDeflater().deflate(data);

const sound: readonly ConformanceCase[] = [
  compressed(
    'a compressed text',
    '§7.2.3.1',
    (write) => [write.frame({ opcode: text, rsv: RSV1, payload: once(sentence) })],
    ACCEPTED,
  ),
  compressed(
    'a compressed binary of 1 MiB',
    '§7.2.1',
    (write) => [write.frame({ opcode: binary, rsv: RSV1, payload: once(Buffer.alloc(1_048_576, 'wxyz')) })],
    ACCEPTED,
  ),
  compressed(
    'an empty compressed message',
    '§7.2.3.6',
    (write) => [write.frame({ opcode: text, rsv: RSV1, payload: Buffer.from([0]) })],
    ACCEPTED,
  ),
  compressed('six texts with context takeover', '§7.2.3.2', takeover(true), ACCEPTED),
  compressed(
    'six texts without context takeover',
    '§7.1.1',
    takeover(false),
    ACCEPTED,
    `${PLAIN}; server_no_context_takeover; client_no_context_takeover`,
  ),
  compressed(
    'repetitions from further back than a small window',
    '§7.1.2',
    (write) => {
      const deflater = new MessageDeflater({ keepsContext: true, windowBits: 10 });
      return [farRepetition, farRepetition].map((payload) =>
        write.frame({ opcode: binary, rsv: RSV1, payload: deflater.deflate(payload) }),
      );
    },
    ACCEPTED,
    `${PLAIN}; server_max_window_bits=10; client_max_window_bits=10`,
  ),
  compressed(
    'plain messages between compressed ones',
    '§6',
    (write) => {
      const deflater = new MessageDeflater();
      return [
        write.frame({ opcode: text, rsv: RSV1, payload: deflater.deflate(sentence) }),
        write.frame({ opcode: text, payload: 'plain' }),
        write.frame({ opcode: ping, payload: 'p' }),
        write.frame({ opcode: binary, rsv: RSV1, payload: deflater.deflate(sentence) }),
      ];
    },
    ACCEPTED,
  ),
  compressed(
    'a compressed message in pieces, with a ping between them',
    '§6.1',
    (write) => {
      const whole = once(sentence);
      return [
        write.frame({ opcode: text, fin: false, rsv: RSV1, payload: whole.subarray(0, 5) }),
        write.frame({ opcode: ping, payload: 'now' }),
        write.frame({ opcode: continuation, fin: false, payload: '' }),
        write.frame({ opcode: continuation, payload: whole.subarray(5) }),
      ];
    },
    ACCEPTED,
  ),
  compressed(
    'blocks that are stored, not compressed',
    '§7.2.3.3',
    (write) => {
      const stored = deflateRawSync(sentence, { level: 0, finishFlush: constants.Z_SYNC_FLUSH });
      return [write.frame({ opcode: text, rsv: RSV1, payload: stored.subarray(0, -4) })];
    },
    ACCEPTED,
  ),
];

const BOMB = once(Buffer.alloc(64 * 1_048_576));

const broken: readonly ConformanceCase[] = [
  compressed(
    'RSV1 on a continuation',
    '§6.1',
    (write) => [
      write.frame({ opcode: text, fin: false, rsv: RSV1, payload: once(sentence) }),
      write.frame({ opcode: continuation, rsv: RSV1, payload: 'x' }),
    ],
    refused(),
  ),
  ...([ping, pong] as const).map((opcode) =>
    compressed(
      `RSV1 on a ${opcode === ping ? 'ping' : 'pong'}`,
      '§6.1',
      (write) => [write.frame({ opcode, rsv: RSV1, payload: 'x' })],
      refused(),
    ),
  ),
  compressed('RSV2', '§6', (write) => [write.frame({ opcode: text, rsv: 2, payload: 'x' })], refused()),
  compressed(
    'RSV1 and RSV3 together',
    '§6',
    (write) => [write.frame({ opcode: text, rsv: 5, payload: once(sentence) })],
    refused(),
  ),
  compressed(
    'bytes that are no DEFLATE data',
    '§7.2.2',
    (write) => [write.frame({ opcode: binary, rsv: RSV1, payload: Buffer.alloc(40, 0xff) })],
    refusedPayload(),
  ),
  compressed(
    'a compressed text that is not UTF-8',
    '§6.2, RFC 6455 §8.1',
    (write) => [write.frame({ opcode: text, rsv: RSV1, payload: once(Buffer.from('61eda08062', 'hex')) })],
    refusedPayload(),
  ),
];

/** 64 KB on the wire, a thousand times as much behind it (CVE-2026-1526). The far end refuses it, or the gateway. */
const bomb: ConformanceCase = {
  ...compressed(
    'a bomb',
    '§8, RFC 6455 §10.4',
    (write) => [write.frame({ opcode: binary, rsv: RSV1, payload: BOMB })],
    refusedPayload(1009),
  ),
  styles: ['framewise'],
  errorCode: 'OCELOT_ERR_MESSAGE_TOO_BIG',
};

/** permessage-deflate: in framed mode between the two ends, in messages mode on each leg by itself. */
export const COMPRESSION: readonly ConformanceCase[] = [...sound, ...broken, bomb];
