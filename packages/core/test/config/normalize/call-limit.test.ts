import { describe, expect, it } from 'vitest';

import { readRoute } from '../file-with.js';

const timeouts = (route: object, global: object = {}) => {
  const { connectMs, handshakeMs, answerMs } = readRoute(route, global).timeouts;
  return { connectMs, handshakeMs, answerMs };
};

describe('QoSOptions.Timeout', () => {
  it('limits connect, handshake and the head of an answer', () => {
    expect(timeouts({ QoSOptions: { Timeout: 2000 } })).toEqual({
      connectMs: 2000,
      handshakeMs: 2000,
      answerMs: 2000,
    });
  });

  it('leaves time limits alone where it is absent, zero or less (Ocelot)', () => {
    const usual = { connectMs: 5000, handshakeMs: 10_000, answerMs: 90_000 };
    for (const Timeout of [0, -1]) expect(timeouts({ QoSOptions: { Timeout } })).toEqual(usual);
    expect(timeouts({ QoSOptions: { MinimumThroughput: 5 } })).toEqual(usual);
  });

  it('acts although it is larger than Timeout: Ocelot raises that to twice as much', () => {
    expect(timeouts({ Timeout: 3, QoSOptions: { Timeout: 4000 } })).toMatchObject({
      handshakeMs: 4000,
      answerMs: 4000,
    });
    expect(timeouts({ QoSOptions: { Timeout: 120_000 } })).toMatchObject({ handshakeMs: 120_000, answerMs: 120_000 });
  });

  it('acts when it is smaller than Timeout', () => {
    expect(timeouts({ Timeout: 60, QoSOptions: { Timeout: 4000 } })).toMatchObject({
      handshakeMs: 4000,
      answerMs: 4000,
    });
  });

  it('never makes the limits of Gateway longer, and is a limit where they are none', () => {
    const gateway = (ConnectTimeoutMs: number, HandshakeTimeoutMs: number) =>
      timeouts({ QoSOptions: { Timeout: 4000 }, Gateway: { ConnectTimeoutMs, HandshakeTimeoutMs } });
    expect(gateway(1000, 2000)).toMatchObject({ connectMs: 1000, handshakeMs: 2000 });
    expect(gateway(0, 0)).toMatchObject({ connectMs: 4000, handshakeMs: 4000 });
  });

  it.each([10, 86_400_000])('is 30 s in place of %i, which is out of range (Ocelot)', (Timeout) => {
    expect(timeouts({ QoSOptions: { Timeout } })).toMatchObject({ answerMs: 30_000 });
  });

  it('comes from the global section by the group rule, under its old name too', () => {
    const global = { QoSOptions: { RouteKeys: ['r'], TimeoutValue: 700 } };
    expect(timeouts({ Key: 'r' }, global)).toMatchObject({ answerMs: 700 });
    expect(timeouts({ Key: 'other' }, global)).toMatchObject({ answerMs: 90_000 });
  });
});
