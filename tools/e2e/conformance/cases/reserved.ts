import { closePayload, OPCODE, type FrameParts } from '@ocelot/test-support';

import { refused, type ConformanceCase } from '../conformance-case.js';

const RULE = 'RFC 6455 §5.2';
const { text, binary, continuation, ping, pong, close } = OPCODE;

const stream = (name: string, parts: readonly FrameParts[]): ConformanceCase => ({
  name: `reserved/${name}`,
  rule: RULE,
  frames: (write) => parts.map((part) => write.frame(part)),
  verdict: refused(),
});

const bits = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv): ConformanceCase[] => [
  stream(`bits ${rsv} on a text`, [{ opcode: text, rsv, payload: 'x' }]),
  stream(`bits ${rsv} on an empty binary`, [{ opcode: binary, rsv }]),
  stream(`bits ${rsv} on a ping`, [{ opcode: ping, rsv, payload: 'x' }]),
]);

const elsewhere = [
  stream('bit 4 on a pong', [{ opcode: pong, rsv: 4 }]),
  stream('bit 4 on a Close', [{ opcode: close, rsv: 4, payload: closePayload(1000) }]),
  stream('bit 1 on a continuation', [
    { opcode: text, fin: false, payload: 'a' },
    { opcode: continuation, rsv: 1, payload: 'b' },
  ]),
  stream('bit 4 behind a sound message', [
    { opcode: text, payload: 'sound' },
    { opcode: text, rsv: 4, payload: 'x' },
  ]),
];

const opcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): ConformanceCase[] => [
  stream(`opcode ${opcode}`, [{ opcode, payload: 'x' }]),
  stream(`opcode ${opcode}, empty`, [{ opcode }]),
  stream(`opcode ${opcode} behind a sound message and before another`, [
    { opcode: text, payload: 'sound' },
    { opcode, payload: 'x' },
    { opcode: text, payload: 'never read' },
  ]),
  stream(`opcode ${opcode} within a message`, [
    { opcode: text, fin: false, payload: 'begun' },
    { opcode, payload: 'x' },
  ]),
]);

/** Reserved bits without an extension, and reserved opcodes. */
export const RESERVED: readonly ConformanceCase[] = [...bits, ...elsewhere, ...opcodes];
