// Situation: relays that are wrong on purpose, each in one way, between the peers of the suite.
// Action: a few cases run through each.
// Expected: the suite finds what is wrong; through a relay that only passes bytes it finds nothing.
import { encodeFrame, OPCODE } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ACCEPTED, refused, type ConformanceCase } from '../../conformance/conformance-case.js';
import { judge } from '../../conformance/judge.js';
import { BackendPort } from '../../conformance/opened.js';
import { runCase } from '../../conformance/run-case.js';
import { TamperingRelay, type Tamper } from '../../conformance/tampering-relay.js';

const SOUND: ConformanceCase = {
  name: 'suite/sound',
  rule: 'RFC 6455',
  frames: (write) => [
    write.frame({ opcode: OPCODE.text, fin: false, payload: 'hello ' }),
    write.frame({ opcode: OPCODE.ping, payload: 'ping' }),
    write.frame({ opcode: OPCODE.continuation, payload: 'world' }),
  ],
  verdict: ACCEPTED,
};

const BROKEN: ConformanceCase = {
  name: 'suite/broken',
  rule: 'RFC 6455 §5.2',
  frames: (write) => [write.frame({ opcode: 3, payload: 'x' })],
  verdict: refused(),
};

let backend: BackendPort;
let targets = 0;

beforeAll(async () => {
  backend = await BackendPort.listen();
});
afterAll(() => backend.close());

async function problems(subject: ConformanceCase, mode: 'framed' | 'opaque', tamper: Tamper): Promise<string[]> {
  const relay = await TamperingRelay.listen(backend.port, tamper);
  const target = (): string => `/${(targets += 1)}`;
  try {
    const direct = await runCase(
      { mode: 'direct', port: backend.port, backend, target },
      subject,
      'client',
      'framewise',
    );
    const run = await runCase({ mode: 'direct', port: relay.port, backend, target }, subject, 'client', 'framewise');
    return judge(run, mode, direct, undefined);
  } finally {
    await relay.close();
  }
}

const untouched: Tamper = (_from, bytes) => bytes;

/** Applies to the client's bytes only. */
const ofClient =
  (change: (bytes: Buffer) => Buffer): Tamper =>
  (from, bytes) =>
    from === 'client' ? change(bytes) : bytes;

const TAMPERS: Readonly<Record<string, Tamper>> = {
  'changes the last bit of each read': ofClient((bytes) => {
    const copy = Buffer.from(bytes);
    copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
    return copy;
  }),
  'clears a mask bit': ofClient((bytes) => {
    const copy = Buffer.from(bytes);
    copy[1] = (copy[1] ?? 0) & 0x7f;
    return copy;
  }),
  'sets a reserved bit': ofClient((bytes) => {
    const copy = Buffer.from(bytes);
    copy[0] = (copy[0] ?? 0) | 0x20;
    return copy;
  }),
  'adds a pong of its own': ofClient((bytes) =>
    Buffer.concat([encodeFrame({ opcode: OPCODE.pong, mask: true, payload: 'mine' }), bytes]),
  ),
  'sends a ping behind the Close of the backend': (from, bytes) =>
    from === 'backend' && bytes[0] === 0x88
      ? Buffer.concat([bytes, encodeFrame({ opcode: OPCODE.ping, payload: 'late' })])
      : bytes,
  'masks what it sends to the client': (from, bytes) =>
    from === 'backend' ? encodeFrame({ opcode: OPCODE.text, mask: true, payload: bytes }) : bytes,
};

describe('the suite', () => {
  it('finds nothing wrong with a relay that passes bytes, where bytes are to be passed', async () => {
    expect(await problems(SOUND, 'opaque', untouched)).toEqual([]);
    expect(await problems(BROKEN, 'opaque', untouched)).toEqual([]);
    expect(await problems(SOUND, 'framed', untouched)).toEqual([]);
  });

  it('finds that a relay of bytes does not walk frames', async () => {
    expect(await problems(BROKEN, 'framed', untouched)).not.toEqual([]);
  });

  it.each(Object.entries(TAMPERS))('finds a relay that %s', async (_what, tamper) => {
    expect(await problems(SOUND, 'framed', tamper)).not.toEqual([]);
  });
});
