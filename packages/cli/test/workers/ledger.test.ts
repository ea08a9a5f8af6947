// Both sides of the connection limits over a channel in memory, which delivers in order and later, as IPC does.
import type { ConnectionClaim } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { LedgerDesk } from '../../src/workers/ledger-desk.js';
import { RemoteLedger } from '../../src/workers/remote-ledger.js';

const claim = (maxConnections: number): ConnectionClaim => ({
  route: 'chat',
  address: '192.0.2.1',
  maxConnections,
  maxConnectionsPerIp: 0,
});

/** A worker's ledger, connected to a desk. */
function worker(desk: LedgerDesk): { readonly ledger: RemoteLedger; readonly process: object } {
  const process = {};
  const ledger = new RemoteLedger((message) =>
    queueMicrotask(() => {
      const answer = desk.take(process, message);
      if (answer !== undefined) queueMicrotask(() => ledger.take(answer));
    }),
  );
  return { ledger, process };
}

describe('the connection limits of several workers', () => {
  it('are exact: together they hold as many connections as one gateway would', async () => {
    const desk = new LedgerDesk();
    const workers = [worker(desk), worker(desk), worker(desk)];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => workers[index % 3]?.ledger.claim(claim(5))),
    );
    expect(answers.filter((answer) => answer?.granted)).toHaveLength(5);
    expect(answers.find((answer) => answer !== undefined && !answer.granted)).toEqual({
      granted: false,
      limit: 'route',
      open: 5,
    });
  });

  it('admit another connection, through any worker, once one is released', async () => {
    const desk = new LedgerDesk();
    const [one, two] = [worker(desk), worker(desk)];
    const first = await one.ledger.claim(claim(1));
    expect(await two.ledger.claim(claim(1))).toMatchObject({ granted: false });
    if (first.granted) {
      first.release();
      first.release();
    }
    expect(await two.ledger.claim(claim(1))).toMatchObject({ granted: true });
    expect(await one.ledger.claim(claim(1))).toMatchObject({ granted: false });
  });

  it('are free of what a worker held when its process ends', async () => {
    const desk = new LedgerDesk();
    const [crashing, other] = [worker(desk), worker(desk)];
    await crashing.ledger.claim(claim(2));
    await crashing.ledger.claim(claim(2));
    expect(await other.ledger.claim(claim(2))).toMatchObject({ granted: false });
    desk.left(crashing.process);
    expect(await other.ledger.claim(claim(2))).toMatchObject({ granted: true });
  });

  it('refuse with 503 when the primary does not answer in time, and a late grant is given back', async () => {
    const sent: unknown[] = [];
    const ledger = new RemoteLedger((message) => void sent.push(message), 10);
    await expect(ledger.claim(claim(1))).rejects.toMatchObject({
      code: 'OCELOT_ERR_TOO_MANY_CONNECTIONS',
      status: 503,
      headers: { 'Retry-After': '5' },
    });
    ledger.take({ type: 'granted', id: 1 });
    expect(sent).toEqual([
      { type: 'claim', id: 1, claim: claim(1) },
      { type: 'release', id: 1 },
    ]);
  });
});
