import { describe, expect, it } from 'vitest';

import { createConnectionLedger } from '../../src/pipeline/local-ledger.js';

const claim = (address: string, maxConnections = 0, maxConnectionsPerIp = 0) => ({
  route: 'chat',
  address,
  maxConnections,
  maxConnectionsPerIp,
});

describe('createConnectionLedger', () => {
  it('names the limit that was reached, and how many are open under it', () => {
    const ledger = createConnectionLedger();
    ledger.claim(claim('192.0.2.1'));
    ledger.claim(claim('192.0.2.2'));
    expect(ledger.claim(claim('192.0.2.3', 2))).toEqual({ granted: false, limit: 'route', open: 2 });
    expect(ledger.claim(claim('192.0.2.1', 0, 1))).toEqual({ granted: false, limit: 'address', open: 1 });
  });

  it('counts each route by itself', () => {
    const ledger = createConnectionLedger();
    ledger.claim(claim('192.0.2.1', 1));
    expect(ledger.claim({ ...claim('192.0.2.1', 1), route: 'news' })).toMatchObject({ granted: true });
  });

  it('gives a place back once, however often it is released', () => {
    const ledger = createConnectionLedger();
    const first = ledger.claim(claim('192.0.2.1', 2));
    ledger.claim(claim('192.0.2.1', 2));
    if (first.granted) {
      first.release();
      first.release();
    }
    expect(ledger.claim(claim('192.0.2.1', 2))).toMatchObject({ granted: true });
    expect(ledger.claim(claim('192.0.2.1', 2))).toMatchObject({ granted: false });
  });

  it('keeps nothing of a route whose last connection ended', () => {
    const ledger = createConnectionLedger();
    const taken = [ledger.claim(claim('192.0.2.1')), ledger.claim(claim('192.0.2.2'))];
    expect(ledger.routes).toBe(1);
    for (const answer of taken) if (answer.granted) answer.release();
    expect(ledger.routes).toBe(0);
  });

  it('keeps nothing of a claim that was refused', () => {
    const ledger = createConnectionLedger();
    const taken = ledger.claim(claim('192.0.2.1', 1));
    ledger.claim(claim('192.0.2.2', 1));
    if (taken.granted) taken.release();
    expect(ledger.routes).toBe(0);
  });
});
