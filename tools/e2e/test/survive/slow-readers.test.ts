// Situation: one side of an open WebSocket sends as fast as it can, the other does not read (S15).
// Action: 500 MB are offered in framed mode, 125 MB in the others; after a while the reader begins to read, haltingly at first.
// Expected: the sender is held back, the gateway's memory stays flat, the other direction lives, every byte arrives.
import { fileURLToPath } from 'node:url';

import { OPCODE, type RawConnection } from '@ocelot/test-support';
import { beforeAll, describe, expect, it } from 'vitest';

import { HAS_PROC } from '../black-box/gateway-process.js';
import { route, stand } from '../black-box/stand.js';
import { Flood, swallow } from './flood.js';

const MIB = 1_048_576;

const subject = stand(
  (port) => ({
    Routes: [
      route('/framed/{everything}', port),
      route('/opaque/{everything}', port, { Gateway: { Transfer: 'opaque' } }),
      route('/messages/{everything}', port),
    ],
  }),
  ['--plugin', fileURLToPath(new URL('identity-plugin.mjs', import.meta.url))],
);

const MODES = ['framed', 'opaque', 'messages'] as const;
const READERS = ['client', 'backend'] as const;
/** The default mode gets the whole of it. */
const OFFERED_BYTES = { framed: 500 * MIB, opaque: 125 * MIB, messages: 125 * MIB } as const;
const GROWTH_BYTES = 20 * MIB;

async function flooded(folder: string, reader: (typeof READERS)[number], bytes: number): Promise<void> {
  const tunnel = await subject.open({ folder });
  const writer = reader === 'client' ? 'backend' : 'client';
  const flood = new Flood(tunnel[writer], writer === 'client', bytes, folder === 'messages');
  expect(await swallow(tunnel[reader], flood)).toBe(await flood.complete());
  tunnel.client.destroy();
  tunnel.backend.destroy();
}

// The first megabytes make any process larger, read or not: code is compiled, the heap finds its size.
beforeAll(async () => {
  for (const mode of MODES) for (const reader of READERS) await flooded(mode, reader, 32 * MIB);
});

/** What the gateway's memory grew by, at its worst moment, since this was called. */
function growth(): () => number {
  if (!HAS_PROC) return () => 0;
  subject.process.forgetPeak();
  const before = subject.process.residentBytes;
  return () => subject.process.peakResidentBytes - before;
}

describe.each(MODES)('hundreds of megabytes in %s mode', (folder) => {
  it.each(READERS)('towards a %s that does not read wait at their sender, then all arrive', async (reader) => {
    const tunnel = await subject.open({ folder });
    const writer = reader === 'client' ? 'backend' : 'client';
    tunnel[reader].pause();
    const grown = growth();
    const flood = new Flood(tunnel[writer], writer === 'client', OFFERED_BYTES[folder], folder === 'messages');
    await flood.stalled();
    expect(flood.bytes).toBeLessThan(OFFERED_BYTES[folder] / 2);
    expect(grown()).toBeLessThanOrEqual(GROWTH_BYTES);

    // The other direction is not held back by this one; pings of this one wait in line, in their order.
    tunnel[reader].sendFrame({ opcode: OPCODE.ping, payload: 'still there?', mask: reader === 'client' });
    expect((await tunnel[writer].readFrame()).payload.toString()).toBe('still there?');

    const received = await swallow(tunnel[reader], flood, 100);
    expect(received).toBe(await flood.complete());
    expect(grown()).toBeLessThanOrEqual(GROWTH_BYTES);
  });
});

describe('many readers at once that do not read', () => {
  /** One read of the gateway, what a stream may queue, and what the session itself takes. */
  const BYTES_EACH = 320 * 1024;

  // The buffers of the system take some 7 MB of one direction before the gateway holds anything back.
  it.each([
    ['framed', 200, 2 * MIB],
    ['framed', 30, 16 * MIB],
  ] as const)('cost no more than a read each, then get everything (%s, %i of them, %i bytes)', async (...row) => {
    const [folder, count, offeredEach] = row;
    const tunnels = await Promise.all(Array.from({ length: count }, () => subject.open({ folder })));
    const grown = growth();
    const pairs = tunnels.map(({ client, backend }, index): readonly [RawConnection, Flood] => {
      const [reader, writer] = index % 2 === 0 ? [client, backend] : [backend, client];
      reader.pause();
      return [reader, new Flood(writer, writer === client, offeredEach)];
    });
    await Promise.all(pairs.map(([, flood]) => flood.stalled()));
    // How much of it the system takes differs from one connection to the next.
    if (offeredEach > 8 * MIB) expect(pairs.some(([, { bytes }]) => bytes < offeredEach)).toBe(true);
    expect(grown() / count).toBeLessThanOrEqual(BYTES_EACH);
    const received = await Promise.all(pairs.map(([reader, flood]) => swallow(reader, flood, 5)));
    expect(received).toEqual(await Promise.all(pairs.map(([, flood]) => flood.complete())));
    expect(grown()).toBeLessThanOrEqual(GROWTH_BYTES + count * BYTES_EACH);
    for (const { client, backend } of tunnels) {
      client.destroy();
      backend.destroy();
    }
  });
});
