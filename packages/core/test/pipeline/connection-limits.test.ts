import { describe, expect, it } from 'vitest';

import {
  type ConnectionAnswer,
  type Exchange,
  type ExchangeEnd,
  GatewayError,
  type GatewayEvent,
  type Route,
} from '../../src/index.js';
import { connectionLimits } from '../../src/pipeline/connection-limits.js';
import { createConnectionLedger } from '../../src/pipeline/local-ledger.js';
import { request } from '../make-request.js';

const route = (maxConnections: number, maxConnectionsPerIp: number): Route =>
  ({ limits: { maxConnections, maxConnectionsPerIp } }) as Route;

/** The stage of a route that counts alone. */
const limits = (
  maxConnections: number,
  maxConnectionsPerIp: number,
  ledger = createConnectionLedger(),
  record: (event: GatewayEvent) => void = () => undefined,
) => connectionLimits(route(maxConnections, maxConnectionsPerIp), 'chat', ledger, record);

interface Admitted {
  readonly exchange: Exchange;
  readonly end: () => void;
}

function exchangeFrom(address: string, kind: 'upgrade' | 'http' = 'upgrade', signal?: AbortSignal): Admitted {
  const ends: ((end: ExchangeEnd) => void)[] = [];
  const exchange = {
    id: 'x-1',
    route: { id: 'chat' },
    request: { ...request(), kind },
    clientAddress: address,
    signal: signal ?? new AbortController().signal,
    defer: (callback: (end: ExchangeEnd) => void) => void ends.push(callback),
  } as unknown as Exchange;
  return {
    exchange,
    end: () => {
      for (const end of ends) end({ outcome: 'completed' });
    },
  };
}

/** Admits one exchange and gives back how to end it. */
function admit(stage: ReturnType<typeof connectionLimits>, address: string, kind: 'upgrade' | 'http' = 'upgrade') {
  const { exchange, end } = exchangeFrom(address, kind);
  void stage?.(exchange);
  return end;
}

describe('connectionLimits', () => {
  it('costs a route without limits nothing', () => {
    expect(limits(0, 0)).toBeUndefined();
  });

  it('answers 503 with Retry-After when the route is full, and admits again once a socket closes', () => {
    const stage = limits(2, 0);
    const leave = admit(stage, '192.0.2.1');
    admit(stage, '192.0.2.2');
    const refusal = expect.objectContaining({
      code: 'OCELOT_ERR_TOO_MANY_CONNECTIONS',
      status: 503,
      headers: { 'Retry-After': '5' },
    });
    expect(() => admit(stage, '192.0.2.3')).toThrow(refusal as Error);
    leave();
    expect(() => admit(stage, '192.0.2.3')).not.toThrow();
  });

  it('answers 429 with Retry-After when one client holds too many, and leaves the others alone', () => {
    const stage = limits(0, 1);
    admit(stage, '192.0.2.1');
    expect(() => admit(stage, '192.0.2.1')).toThrow(
      expect.objectContaining({ code: 'OCELOT_ERR_RATE_LIMITED', status: 429 }) as Error,
    );
    expect(() => admit(stage, '192.0.2.2')).not.toThrow();
  });

  it('counts the addresses of one IPv6 /64 as one client, and a mapped IPv4 address as itself', () => {
    const stage = limits(0, 1);
    admit(stage, '2001:db8::1');
    expect(() => admit(stage, '2001:db8::2')).toThrow('Too many connections.');
    expect(() => admit(stage, '2001:db8:0:1::2')).not.toThrow();
    admit(stage, '::ffff:192.0.2.1');
    expect(() => admit(stage, '192.0.2.1')).toThrow('Too many connections.');
  });

  it('does not count plain HTTP requests', () => {
    const ledger = createConnectionLedger();
    admit(limits(1, 1, ledger), '192.0.2.1', 'http');
    expect(ledger.routes).toBe(0);
  });

  it('shares its count with every gateway that asks the same ledger', () => {
    const ledger = createConnectionLedger();
    const leave = admit(limits(1, 0, ledger), '192.0.2.1');
    expect(() => admit(limits(1, 0, ledger), '192.0.2.2')).toThrow('The route carries as many connections as it may.');
    leave();
    expect(() => admit(limits(1, 0, ledger), '192.0.2.2')).not.toThrow();
  });

  it('tells telemetry of each refusal', () => {
    const events: GatewayEvent[] = [];
    const stage = limits(1, 0, createConnectionLedger(), (event) => events.push(event));
    void stage?.(exchangeFrom('192.0.2.1').exchange);
    expect(events).toEqual([]);
    expect(() => stage?.(exchangeFrom('192.0.2.2').exchange)).toThrow(GatewayError);
    expect(events).toEqual([
      {
        type: 'limit.reached',
        exchangeId: 'x-1',
        routeId: 'chat',
        limit: 'connections',
        action: 'refuse',
        direction: undefined,
      },
    ]);
  });
});

describe('connectionLimits with a ledger that answers later', () => {
  /** A ledger whose one answer comes when the test says so. */
  function slow() {
    let answer: (value: ConnectionAnswer) => void = () => undefined;
    const ledger = { claim: () => new Promise<ConnectionAnswer>((resolve) => (answer = resolve)) };
    let released = 0;
    return {
      stage: connectionLimits(route(1, 0), 'chat', ledger, () => undefined),
      grant: () => answer({ granted: true, release: () => void (released += 1) }),
      refuse: () => answer({ granted: false, limit: 'route', open: 1 }),
      released: () => released,
    };
  }

  it('waits for the answer, and gives the place back at the end of the exchange', async () => {
    const { stage, grant, released } = slow();
    const { exchange, end } = exchangeFrom('192.0.2.1');
    const admitted = stage?.(exchange);
    grant();
    await admitted;
    expect(released()).toBe(0);
    end();
    expect(released()).toBe(1);
  });

  it('refuses with 503 when the answer says that the route is full', async () => {
    const { stage, refuse } = slow();
    const admitted = stage?.(exchangeFrom('192.0.2.1').exchange);
    refuse();
    await expect(admitted).rejects.toMatchObject({ code: 'OCELOT_ERR_TOO_MANY_CONNECTIONS', status: 503 });
  });

  it('gives the place back at once when the client left before the answer (S10)', async () => {
    const { stage, grant, released } = slow();
    const leaving = new AbortController();
    const admitted = stage?.(exchangeFrom('192.0.2.1', 'upgrade', leaving.signal).exchange);
    leaving.abort(new GatewayError('OCELOT_ERR_CLIENT_GONE'));
    grant();
    await expect(admitted).rejects.toMatchObject({ code: 'OCELOT_ERR_CLIENT_GONE' });
    expect(released()).toBe(1);
  });
});
