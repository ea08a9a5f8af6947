import { describe, expect, it } from 'vitest';

import { tapped } from './tapped.js';

describe('Pace', () => {
  it('holds its sender until the debt is paid, what came meanwhile included', () => {
    const { pace, clock, calls } = tapped([{ perSecond: 10, burst: 1 }]);
    pace.spend(1);
    pace.spend(1);
    clock.advance(50);
    pace.spend(2);
    clock.advance(1000);
    expect(calls).toEqual(['0 pause to-backend', '300 resume to-backend']);
    expect([pace.isPaused, clock.pending]).toEqual([false, 0]);
  });

  it('begins with a wait where the bucket that it joins is in debt, and closes nobody for it', () => {
    for (const [action, told] of [
      ['pause', ['0 pause to-backend', '2000 resume to-backend']],
      ['close', []],
    ] as const) {
      const { pace, clock, calls, buckets } = tapped([{ perSecond: 1, burst: 1 }], { action });
      pace.begin();
      expect(calls).toEqual([]);
      buckets[0]?.take(3, clock.now());
      pace.begin();
      clock.advance(2000);
      expect(calls).toEqual(told);
    }
  });

  it('waits for the slowest of its buckets', () => {
    const { pace, clock, calls } = tapped([
      { perSecond: 1000, burst: 1 },
      { perSecond: 2, burst: 1 },
    ]);
    pace.spend(2);
    clock.advance(2000);
    expect(calls).toEqual(['0 pause to-backend', '500 resume to-backend']);
  });

  it('leaves a debt of less than 5 ms to the next pause: fast senders are not paused for each message', () => {
    const { pace, clock, calls } = tapped([{ perSecond: 1000, burst: 1 }]);
    for (let message = 0; message < 5; message += 1) pace.spend(1);
    expect(calls).toEqual([]);
    pace.spend(1);
    clock.advance(5);
    expect(calls).toEqual(['0 pause to-backend', '5 resume to-backend']);
  });

  it('sets no timer that Node would take for none: the longest is an hour', () => {
    const { pace, clock, calls } = tapped([{ perSecond: 0.0001, burst: 1 }]);
    pace.spend(301);
    expect(clock.nextDelayMs).toBe(3_600_000);
    clock.advance(3_000_000_000 - 1);
    expect(calls).toHaveLength(1);
    clock.advance(1);
    expect(calls).toEqual(['0 pause to-backend', '3000000000 resume to-backend']);
  });

  it.each([
    ['to-backend', 'client'],
    ['to-client', 'backend'],
  ] as const)('closes once, and blames who sent it (%s)', (direction, side) => {
    const { pace, calls, events } = tapped([{ perSecond: 1, burst: 1 }], {
      action: 'close',
      closeCode: 1013,
      directions: [direction],
    });
    for (let message = 0; message < 4; message += 1) pace.spend(1);
    expect(calls).toEqual([`0 OCELOT_ERR_RATE_LIMITED 1013 ${side}`]);
    expect(events).toHaveLength(1);
  });

  it('has no timer once the exchange is over, and sets none', () => {
    const { pace, clock, end, calls } = tapped([{ perSecond: 1, burst: 1 }]);
    pace.spend(2);
    end();
    pace.spend(5);
    expect([clock.pending, calls.length]).toEqual([0, 1]);
  });
});

describe('LimitReport', () => {
  it('tells at most once in ten seconds, with how often, and the rest at the end', () => {
    const { pace, clock, log, events, end } = tapped([{ perSecond: 1000, burst: 1 }]);
    for (let second = 0; second < 25; second += 1) {
      pace.spend(101);
      clock.advance(1000);
    }
    end();
    expect(log.lines.map(({ fields }) => fields['times'])).toEqual([1, 10, 10, 4]);
    expect(log.lines[0]).toMatchObject({
      level: 'info',
      message: 'rate limit reached',
      fields: { limit: 'messages', action: 'pause', direction: 'to-backend' },
    });
    expect(events).toHaveLength(3);
    expect(events[0]).toEqual({
      type: 'limit.reached',
      exchangeId: 'x1',
      routeId: 'chat',
      limit: 'messages',
      action: 'pause',
      direction: 'to-backend',
    });
  });
});
