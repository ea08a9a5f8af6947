import { eventually, scriptedBackend, upgradeHead } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';

import { gatewayStand, type GatewayStand } from '../gateway-stand.js';

/** A gateway before a backend that never answers. */
async function silentBackend(MaxPendingHandshakes: number): Promise<GatewayStand> {
  const backend = await scriptedBackend();
  const stand = await gatewayStand([], {
    config: {
      Routes: [
        {
          UpstreamPathTemplate: '/{everything}',
          DownstreamPathTemplate: '/{everything}',
          DownstreamScheme: 'ws',
          DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backend.port }],
        },
      ],
      GlobalConfiguration: { Gateway: { MaxPendingHandshakes } },
    },
  });
  onTestFinished(async () => {
    await stand.close();
    await backend.close();
  });
  return stand;
}

async function ask(stand: GatewayStand, count: number): Promise<Awaited<ReturnType<GatewayStand['client']>>[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => stand.client()));
  for (const client of clients) client.send(upgradeHead());
  return clients;
}

describe('MaxPendingHandshakes, for hosts with a server of their own', () => {
  it('answers a handshake beyond it with 503 and Retry-After while backends are silent', async () => {
    const stand = await silentBackend(3);
    const clients = await ask(stand, 4);
    const answered = await eventually(
      () => clients.find((client) => client.bytesReceived > 0),
      'one of four is answered',
    );
    const head = await answered.readHead();
    expect(head.status).toBe(503);
    expect(Number(head.get('retry-after'))).toBeGreaterThan(0);
    expect((await answered.readBody(head)).toString()).toContain('OCELOT_ERR_TOO_MANY_CONNECTIONS');
    expect(clients.filter((client) => client.bytesReceived > 0)).toHaveLength(1);
  });

  it('has room again for each that left', async () => {
    const stand = await silentBackend(1);
    const [first] = await ask(stand, 1);
    const [second] = await ask(stand, 1);
    expect((await second?.readHead())?.status).toBe(503);
    first?.reset();
    await stand.event('upgrade.refused', 1);
    const [third] = await ask(stand, 1);
    await stand.gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    expect(third?.bytesReceived).toBe(0);
  });

  it('has no limit where it is 0', async () => {
    const stand = await silentBackend(0);
    const clients = await ask(stand, 50);
    clients[0]?.reset();
    await stand.event('upgrade.refused');
    expect(clients.filter((client) => client.bytesReceived > 0)).toEqual([]);
  });
});
