import { createConnectionLedger, IDENTITY, type Plugin } from '@ocelot/core';
import { eventually, OPCODE } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { type RateStand, rateStands } from '../rate-stand.js';

const stands = rateStands();

const believing: Plugin = {
  name: 'believing',
  setup: (registry) =>
    registry.stage({
      name: 'believing',
      phase: 'authenticate',
      forRoute: () => (exchange) => {
        const subject = exchange.request.header('x-user');
        if (subject === undefined) return;
        exchange.set(IDENTITY, { provider: 'p', subject, tokenId: undefined, claims: {}, expiresAtMs: undefined });
      },
    }),
};

async function open(stand: RateStand, headers: Readonly<Record<string, string>> = {}) {
  const client = await stand.client();
  const answer = await client.upgrade({ headers });
  return { client, answer, status: answer.status };
}

describe('Gateway.RateLimit.Connections', () => {
  it('lets a client have so many sockets, others apart, and tells the next one when to come back', async () => {
    const stand = await stands.gateway({ limits: { Connections: { Max: 2 } }, plugins: [believing] });
    const ann = { 'x-user': 'ann' };
    expect([(await open(stand, ann)).status, (await open(stand, ann)).status]).toEqual([101, 101]);
    const { answer } = await open(stand, ann);
    expect([answer.status, answer.get('retry-after')]).toEqual([429, '5']);
    expect((await open(stand, { 'x-user': 'bob' })).status).toBe(101);
    const { fields } = await stand.line('upgrade refused');
    expect(fields).toMatchObject({ code: 'OCELOT_ERR_RATE_LIMITED' });
    expect(JSON.stringify(fields)).not.toContain('ann');
    expect(await stand.event('limit.reached')).toMatchObject({ limit: 'connections', action: 'refuse' });
  });

  it('gives a place back when its socket is gone, by a Close, a cut or a refusal of the backend', async () => {
    const stand = await stands.gateway({ limits: { Connections: { Max: 1, By: ['header'] } } });
    const headers = { 'Oc-Client': 'a' };
    const first = await open(stand, headers);
    expect((await open(stand, headers)).status).toBe(429);
    first.client.sendFrame({ opcode: OPCODE.close, payload: Buffer.from([3, 232]), mask: true });
    first.client.end();
    await stand.event('session.closed', 0);
    first.client.destroy();
    const second = await open(stand, headers);
    expect(second.status).toBe(101);
    second.client.reset();
    await stand.event('session.closed', 1);
    const third = await eventually(async () => {
      const next = await open(stand, headers);
      return next.status === 101 && next;
    }, 'the place is free again');
    third.client.destroy();
    await stand.event('session.closed', 2);
    for (const socket of stands.backend().sockets) socket.terminate();
    await stands.backend().close();
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await open(stand, headers)).status).toBe(502);
  });

  it('never grants more places than there are, however many come at once', async () => {
    const stand = await stands.gateway({ limits: { Connections: { Max: 3, By: ['ip'] } } });
    const opened = await Promise.all(Array.from({ length: 12 }, () => open(stand)));
    expect(opened.filter(({ status }) => status === 101)).toHaveLength(3);
    expect(opened.filter(({ status }) => status === 429)).toHaveLength(9);
  });

  it('counts by the list of the section where it has none of its own; nobody without a name is unlimited', async () => {
    const stand = await stands.gateway({ limits: { By: ['query:id'], Connections: { Max: 1 } } });
    const at = async (target: string) => (await (await stand.client()).upgrade({ target })).status;
    expect([await at('/?id=1'), await at('/?id=2'), await at('/?id=1')]).toEqual([101, 101, 429]);
    expect([await at('/'), await at('/')]).toEqual([101, 429]);
  });

  it('does not count plain requests', async () => {
    const stand = await stands.gateway({ limits: { Connections: { Max: 1, By: ['ip'] } } });
    await open(stand);
    expect((await stand.get()).status).toBe(200);
  });

  it('asks the ledger that workers share, apart from Gateway.MaxConnectionsPerIp', async () => {
    const ledger = createConnectionLedger();
    const claims: string[] = [];
    const watched = {
      claim: (claim: Parameters<typeof ledger.claim>[0]) => {
        claims.push(claim.address);
        return Promise.resolve(ledger.claim(claim));
      },
    };
    const stand = await stands.gateway({
      limits: { Connections: { Max: 1, By: ['ip'] } },
      settings: { MaxConnectionsPerIp: 5 },
      ledger: watched,
    });
    const first = await open(stand);
    expect((await open(stand)).status).toBe(429);
    expect(claims.filter((address) => address === '127.0.0.1').length).toBeGreaterThan(0);
    expect(claims.filter((address) => /^[0-9a-f]{40}$/.test(address))).toHaveLength(2);
    first.client.destroy();
    await eventually(() => ledger.routes === 0, 'nothing is counted any more');
  });
});
