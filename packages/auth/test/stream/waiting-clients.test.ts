import { describe, expect, it } from 'vitest';

import { WaitingClients } from '../../src/stream/waiting-clients.js';

const from = (clientAddress: string) => ({ clientAddress });

describe('WaitingClients', () => {
  it('lets so many of one address wait, an IPv6 client by its /64', () => {
    const waiting = new WaitingClients(1);
    const place = waiting.enter(from('2001:db8::1'));
    expect(() => waiting.enter(from('2001:db8::2'))).toThrow(
      expect.objectContaining({ code: 'OCELOT_ERR_RATE_LIMITED', status: 429 }) as Error,
    );
    waiting.enter(from('2001:db8:0:1::1'));
    waiting.enter(from('192.0.2.1'));
    place.leave();
    waiting.enter(from('2001:db8::2'));
  });

  it('has no limit where there is none', () => {
    const waiting = new WaitingClients(0);
    expect(() => {
      for (let index = 0; index < 100; index += 1) waiting.enter(from('192.0.2.1'));
    }).not.toThrow();
  });
});
