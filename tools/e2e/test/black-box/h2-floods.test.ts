// Attack: one connection of HTTP/2 floods the gateway with what costs the client little (CVE-2023-44487 and its kin).
// Action: bounded floods of each kind, while another client has an open WebSocket and a third one comes.
// Expected: both are served, the memory is bounded, and backends are not flooded in turn.
import { encodeFrame, H2, H2_CODE, H2_FLAG, headerBlock, OPCODE, type RawHttp2 } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { getFields, h2Stand, socketFields, verdictOf } from './h2-stand.js';
import { route } from './stand.js';

const subject = h2Stand((port) => ({ Routes: [route('/ws/{everything}', port)] }), { isBroken: true });

const MEBIBYTE = 1_048_576;
const MAX_GROWTH_BYTES = 96 * MEBIBYTE;

/** One frame as bytes, so that thousands travel in one write. */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const times = (count: number, one: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => one(index)));
const NOWHERE = headerBlock(getFields('/nowhere'));
const CANCEL = Buffer.from([0, 0, 0, H2_CODE.cancel]);

describe('a flood on one connection', () => {
  it.each<[string, (client: RawHttp2) => void]>([
    [
      'streams opened and reset (CVE-2023-44487)',
      (client) => {
        const request = headerBlock(getFields('/ws/flood'));
        const pair = (i: number): Buffer =>
          Buffer.concat([frame(H2.headers, 5, 2 * i + 1, request), frame(H2.reset, 0, 2 * i + 1, CANCEL)]);
        client.send(times(3_000, pair));
      },
    ],
    [
      'streams that the gateway is made to reset (CVE-2025-8671)',
      (client) => {
        const broken = (i: number): Buffer =>
          Buffer.concat([
            frame(H2.headers, 5, 2 * i + 1, NOWHERE),
            frame(H2.windowUpdate, 0, 2 * i + 1, Buffer.alloc(4)),
          ]);
        client.send(times(3_000, broken));
      },
    ],
    [
      'requests without an end, beyond the limit of streams',
      (client) => {
        client.send(times(2_000, (i) => frame(H2.headers, 4, 2 * i + 1, NOWHERE)));
      },
    ],
    [
      'PING without reading (CVE-2019-9512)',
      (client) => {
        client.pause();
        client.send(times(100_000, () => frame(H2.ping, 0, 0, Buffer.alloc(8))));
      },
    ],
    [
      'SETTINGS without reading (CVE-2019-9515)',
      (client) => {
        client.pause();
        client.send(times(50_000, () => frame(H2.settings, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0]))));
      },
    ],
    [
      'SETTINGS of thousands of entries (CVE-2020-11080)',
      (client) => {
        client.send(times(50, () => frame(H2.settings, 0, 0, Buffer.alloc(16_380, Buffer.from([0, 4, 0, 1, 0, 0])))));
      },
    ],
    [
      'CONTINUATION without end (CVE-2024-27983)',
      (client) => {
        client.send(frame(H2.headers, 0, 1, NOWHERE));
        const more = headerBlock([['x-a', 'a'.repeat(1_000)]]);
        client.send(times(8_000, () => frame(H2.continuation, 0, 1, more)));
      },
    ],
    [
      'empty CONTINUATION',
      (client) => {
        client.send(frame(H2.headers, 0, 1, NOWHERE));
        client.send(times(20_000, () => frame(H2.continuation, 0, 1)));
      },
    ],
    [
      'PRIORITY (CVE-2019-9513)',
      (client) => {
        client.send(times(50_000, (i) => frame(H2.priority, 0, 2 * (i % 1_000) + 1, Buffer.from([0, 0, 0, 0, 16]))));
      },
    ],
  ])('of %s leaves the others alone', async (_what, flood) => {
    const neighbour = await subject.session();
    const { socket, connection } = await subject.openOver(neighbour);
    const before = subject.backend.calls.length;
    const heldBytes = subject.process.residentBytes;
    const attacker = await subject.raw();
    flood(attacker);
    for (let round = 0; round < 3; round += 1) {
      connection.send(encodeFrame({ opcode: OPCODE.text, payload: `round ${round}` }));
      expect((await socket.readFrame()).payload.toString()).toBe(`round ${round}`);
      await subject.servesOthers();
    }
    expect(subject.process.residentBytes - heldBytes).toBeLessThan(MAX_GROWTH_BYTES);
    // The three of those who were served, and what was begun before its reset came.
    expect(subject.backend.calls.length - before).toBeLessThan(3 + 1_100);
    attacker.destroy();
  });
});

describe('a head', () => {
  it.each<[string, Buffer]>([
    ['with a value of 100 KB', Buffer.alloc(0)],
    ['with 2,000 headers', headerBlock(Array.from({ length: 2_000 }, (_, i) => [`x-${i}`, '1'] as const))],
    [
      'of 16 MB once HPACK has decoded its 20 KB (CVE-2026-47774)',
      Buffer.concat([
        // One field of 4,000 bytes for the dynamic table, then its place, again and again (RFC 7541 §6.1).
        Buffer.from([0x40, 3]),
        Buffer.from('x-a'),
        Buffer.from([0x7f, 0xa1, 0x1e]),
        Buffer.alloc(4_000, 'a'),
        Buffer.alloc(4_000, 0xbe),
      ]),
    ],
  ])('%s is answered 431 or reset, for a WebSocket too (S9)', async (what, given) => {
    const more = what.includes('100 KB') ? headerBlock([['x-long', 'a'.repeat(100_000)]]) : given;
    for (const fields of [getFields('/ws/huge'), socketFields('/ws/huge')]) {
      const client = await subject.raw();
      const block = Buffer.concat([headerBlock(fields), more]);
      const pieces = Math.ceil(block.length / 16_384);
      for (let i = 0; i < pieces; i += 1) {
        const flags = i === pieces - 1 ? H2_FLAG.endHeaders : 0;
        client.sendHttp2(
          i === 0 ? H2.headers : H2.continuation,
          flags,
          1,
          block.subarray(i * 16_384, (i + 1) * 16_384),
        );
      }
      const { status = 431, reset, goaway } = await verdictOf(client, 1);
      expect([status, reset, goaway]).not.toContain(H2_CODE.noError);
      expect([400, 431]).toContain(status);
      client.destroy();
    }
    expect(subject.backend.has('/ws/huge')).toBe(false);
    await subject.servesOthers();
  });

  it('of 16 KB of cookies passes', async () => {
    const client = await subject.session();
    const cookie = `session=${'c'.repeat(16_384)}`;
    const { head } = await subject.askOver(client, { headers: { cookie } });
    expect(head.get('cookie')).toBe(cookie);
  });
});
