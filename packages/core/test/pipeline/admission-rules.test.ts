import { afterEach, describe, expect, it } from 'vitest';

import { createGateway, type Gateway, type GatewayRequest, type Route } from '../../src/index.js';
import { request } from '../make-request.js';
import { config, route } from '../make-route.js';

const gateways: Gateway[] = [];

/** A gateway with one route of this shape; drained after the test. */
const gatewayOf = async (keys: Partial<Route>): Promise<Gateway> => {
  const gateway = await createGateway({ config: config([route('/', keys)]) });
  gateways.push(gateway);
  return gateway;
};

const admit = (gateway: Gateway, asked: GatewayRequest): Promise<unknown> =>
  gateway.admit(asked, new AbortController().signal);

const plain = (headers: Record<string, string> = {}): GatewayRequest => ({ ...request({ headers }), kind: 'http' });

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.drain({ deadlineMs: 0 })));
});

describe('rules for plain requests', () => {
  it('refuse addresses that SecurityOptions do not let in (403)', async () => {
    const gateway = await gatewayOf({
      ipRules: { allowed: [], blocked: ['192.0.2.0/24'], excludeAllowedFromBlocked: false },
    });
    await expect(admit(gateway, plain())).rejects.toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', status: 403 });
  });

  it('keep a route closed whose protection no plugin enforces (403)', async () => {
    const gateway = await gatewayOf({ unenforced: ['AuthenticationOptions'] });
    await expect(admit(gateway, plain())).rejects.toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', status: 403 });
  });

  it('do not look at AllowedOrigins, which are about sockets (CSWSH)', async () => {
    const gateway = await gatewayOf({ allowedOrigins: ['https://app.example.com'] });
    await expect(admit(gateway, plain({ origin: 'https://evil.example' }))).resolves.toBeDefined();
    await expect(admit(gateway, plain())).resolves.toBeDefined();
    await expect(admit(gateway, request({ headers: { origin: 'https://evil.example' } }))).rejects.toMatchObject({
      status: 403,
    });
  });

  it('do not count them under MaxConnections and MaxConnectionsPerIp', async () => {
    const { limits } = route('/');
    const gateway = await gatewayOf({ limits: { ...limits, maxConnections: 1, maxConnectionsPerIp: 1 } });
    for (let count = 0; count < 3; count += 1) await expect(admit(gateway, plain())).resolves.toBeDefined();
    await expect(admit(gateway, request())).resolves.toBeDefined();
    await expect(admit(gateway, plain())).resolves.toBeDefined();
    await expect(admit(gateway, request())).rejects.toMatchObject({ status: 503 });
  });
});
