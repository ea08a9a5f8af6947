// Situation: WebSockets are open and nobody speaks (S17).
// Action: the system is asked which timer runs on each leg of the gateway's.
// Expected: keep-alive with the time of the route, on both legs; none where it is switched off.
import { Socket } from 'node:net';

import { eventually, type RawConnection } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand } from '../black-box/stand.js';
import { HAS_TCP_TABLE, tcpRows, type TcpRow } from './tcp-table.js';

const subject = stand((port) => ({
  Routes: [
    route('/usual/{everything}', port),
    route('/short/{everything}', port, { Gateway: { TcpKeepAliveMs: 7000 } }),
    route('/off/{everything}', port, { Gateway: { TcpKeepAliveMs: 0 } }),
    route('/opaque/{everything}', port, { Gateway: { TcpKeepAliveMs: 9000, Transfer: 'opaque' } }),
  ],
}));

/** The gateway's end of a connection of the test's, once nothing that it sent waits to be confirmed. */
function gatewaysEnd({ socket }: RawConnection): Promise<TcpRow> {
  if (!(socket instanceof Socket)) throw new Error('not a TCP connection');
  const { localPort = 0, remotePort = 0 } = socket;
  return eventually(() => {
    const ends = tcpRows(localPort);
    const found = ends.find((row) => row.localPort === remotePort && row.remotePort === localPort);
    return found?.timer === 'retransmit' ? undefined : found;
  }, 'the connection being quiet');
}

describe.runIf(HAS_TCP_TABLE)('TCP keep-alive', () => {
  it.each([
    ['usual', 30_000],
    ['short', 7000],
    ['opaque', 9000],
  ])('runs on both legs of a route of kind %s with its %i ms', async (folder, keepAliveMs) => {
    const tunnel = await subject.open({ folder });
    for (const row of [await gatewaysEnd(tunnel.client), await gatewaysEnd(tunnel.backend)]) {
      expect(row.timer).toBe('keepalive');
      expect(row.timerMs).toBeLessThanOrEqual(keepAliveMs);
      // Begun when the leg was opened; nobody takes five seconds to open a WebSocket here.
      expect(row.timerMs).toBeGreaterThan(keepAliveMs - 5000);
    }
  });

  it('runs on no leg where TcpKeepAliveMs is 0', async () => {
    const tunnel = await subject.open({ folder: 'off' });
    const ends = [await gatewaysEnd(tunnel.client), await gatewaysEnd(tunnel.backend)];
    expect(ends.map(({ timer }) => timer)).toEqual(['none', 'none']);
  });
});
