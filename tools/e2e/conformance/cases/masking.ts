import { closePayload, OPCODE, type FrameParts } from '@ocelot/test-support';

import { ACCEPTED, refused, type ConformanceCase } from '../conformance-case.js';

const RULE = 'RFC 6455 §5.1';

const BARE: Readonly<Record<string, FrameParts>> = {
  text: { opcode: OPCODE.text, payload: 'bare' },
  'empty binary': { opcode: OPCODE.binary },
  'first piece': { opcode: OPCODE.text, fin: false, payload: 'bare' },
  ping: { opcode: OPCODE.ping, payload: 'bare' },
  Close: { opcode: OPCODE.close, payload: closePayload(1000) },
};

const wrong = Object.entries(BARE).flatMap(([what, parts]): ConformanceCase[] => [
  {
    name: `masking/an unmasked ${what} of the client`,
    rule: RULE,
    from: ['client'],
    frames: (write) => [write.frame({ opcode: OPCODE.text, payload: 'sound' }), write.frame({ ...parts, mask: false })],
    verdict: refused(),
  },
  {
    name: `masking/a masked ${what} of the backend`,
    rule: RULE,
    from: ['backend'],
    frames: (write) => [write.frame({ opcode: OPCODE.text, payload: 'sound' }), write.frame({ ...parts, mask: true })],
    verdict: refused(),
  },
]);

/** Keys that a masking error would not show, or show at once. */
const keys = ['00000000', 'ffffffff', '01020304', '80000001'].map((key): ConformanceCase => ({
  name: `masking/the key ${key}`,
  rule: 'RFC 6455 §5.3',
  from: ['client'],
  frames: (write) =>
    [0, 1, 2, 3, 4, 5, 7, 130].map((size) =>
      write.frame({ opcode: OPCODE.binary, payload: Buffer.alloc(size, 0x5a), mask: Buffer.from(key, 'hex') }),
    ),
  verdict: ACCEPTED,
}));

/** Who masks, and with what. */
export const MASKING: readonly ConformanceCase[] = [
  ...wrong,
  {
    name: 'masking/an unmasked piece behind a masked one',
    rule: RULE,
    from: ['client'],
    frames: (write) => [
      write.frame({ opcode: OPCODE.text, fin: false, payload: 'a' }),
      write.frame({ opcode: OPCODE.continuation, payload: 'b', mask: false }),
    ],
    verdict: refused(),
  },
  ...keys,
];
