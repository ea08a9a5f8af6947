import { describe, expect, it } from 'vitest';

import type { Exchange, ExchangeEnd, Route } from '../../src/index.js';
import { ConnectionCount, connectionLimits } from '../../src/pipeline/connection-limits.js';
import { request } from '../make-request.js';

const route = (maxConnections: number, maxConnectionsPerIp: number): Route =>
  ({ limits: { maxConnections, maxConnectionsPerIp } }) as Route;

/** Admits one exchange and gives back how to end it. */
function admit(stage: ReturnType<typeof connectionLimits>, address: string, kind: 'upgrade' | 'http' = 'upgrade') {
  const ends: ((end: ExchangeEnd) => void)[] = [];
  const exchange = {
    request: { ...request(), kind },
    clientAddress: address,
    defer: (callback: (end: ExchangeEnd) => void) => void ends.push(callback),
  } as unknown as Exchange;
  void stage?.(exchange);
  return () => {
    for (const end of ends) end({ outcome: 'completed' });
  };
}

describe('connectionLimits', () => {
  it('costs a route without limits nothing', () => {
    expect(connectionLimits(route(0, 0), new ConnectionCount())).toBeUndefined();
  });

  it('answers 503 with Retry-After when the route is full, and admits again once a socket closes', () => {
    const stage = connectionLimits(route(2, 0), new ConnectionCount());
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
    const stage = connectionLimits(route(0, 1), new ConnectionCount());
    admit(stage, '192.0.2.1');
    expect(() => admit(stage, '192.0.2.1')).toThrow(
      expect.objectContaining({ code: 'OCELOT_ERR_RATE_LIMITED', status: 429 }) as Error,
    );
    expect(() => admit(stage, '192.0.2.2')).not.toThrow();
  });

  it('counts the addresses of one IPv6 /64 as one client, and a mapped IPv4 address as itself', () => {
    const stage = connectionLimits(route(0, 1), new ConnectionCount());
    admit(stage, '2001:db8::1');
    expect(() => admit(stage, '2001:db8::2')).toThrow('Too many connections.');
    expect(() => admit(stage, '2001:db8:0:1::2')).not.toThrow();
    admit(stage, '::ffff:192.0.2.1');
    expect(() => admit(stage, '192.0.2.1')).toThrow('Too many connections.');
  });

  it('does not count plain HTTP requests', () => {
    const count = new ConnectionCount();
    const stage = connectionLimits(route(1, 1), count);
    admit(stage, '192.0.2.1', 'http');
    expect(count.total).toBe(0);
  });

  it('forgets an address with its last connection', () => {
    const count = new ConnectionCount();
    const leave = admit(connectionLimits(route(0, 5), count), '192.0.2.1');
    expect(count.addresses).toBe(1);
    leave();
    expect(count.addresses).toBe(0);
  });
});
