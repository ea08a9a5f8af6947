import { readConfiguration, type Route } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { type Activity, sessionWatch } from '../src/session-watch.js';

/** The route of a file whose only route has this `Gateway` section. */
function routeWith(settings: object): Route {
  const [route] = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/',
        DownstreamPathTemplate: '/',
        DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
        Gateway: settings,
      },
    ],
  }).routes;
  if (route === undefined) throw new Error('The file has no route.');
  return route;
}

const watch = (settings: object, random = 0) => sessionWatch(routeWith(settings), 0, () => random);

/** What a session has moved: nothing but the given. */
const moved = (counts: Partial<Activity> = {}): Activity => ({
  bytes: 0,
  messages: 0,
  isMidMessage: false,
  isBlocked: false,
  ...counts,
});

describe('SessionWatch', () => {
  it('is none where a route sets no limit of time', () => {
    expect(watch({})).toBeUndefined();
  });

  it('ends a session in which no byte passed for IdleTimeoutMs', () => {
    const sut = watch({ IdleTimeoutMs: 800 });
    expect(sut?.look(700, moved({ bytes: 1 }))).toBeUndefined();
    expect(sut?.look(1400, moved({ bytes: 1 }))).toBeUndefined();
    expect(sut?.nextMs(1400)).toBe(1500);
    expect(sut?.look(1500, moved({ bytes: 1 }))).toMatchObject({ event: 'idle' });
  });

  it('misses nobody while a plugin keeps a side from being read, and counts from the end of that', () => {
    const sut = watch({ IdleTimeoutMs: 800, AppIdleTimeoutMs: 800 });
    expect(sut?.look(700, moved())).toBeUndefined();
    expect(sut?.look(1400, moved({ isBlocked: true }))).toBeUndefined();
    expect(sut?.look(9000, moved({ isBlocked: true }))).toBeUndefined();
    expect(sut?.look(9799, moved())).toBeUndefined();
    expect(sut?.look(9800, moved())).toMatchObject({ event: 'idle' });
  });

  it('ends a session in which no data message passed for AppIdleTimeoutMs, though pings keep it busy', () => {
    const sut = watch({ AppIdleTimeoutMs: 800, IdleTimeoutMs: 5000 });
    expect(sut?.look(400, moved({ bytes: 10, messages: 1 }))).toBeUndefined();
    expect(sut?.look(1100, moved({ bytes: 20, messages: 1 }))).toBeUndefined();
    expect(sut?.look(1200, moved({ bytes: 30, messages: 1 }))).toMatchObject({
      event: 'app-idle',
      fault: { what: 'no data message for 800 ms (AppIdleTimeoutMs)' },
    });
  });

  it('takes a message that is still moving for no silence, and one that stands still for one', () => {
    const sut = watch({ AppIdleTimeoutMs: 800 });
    for (let at = 100; at <= 4000; at += 100) {
      expect(sut?.look(at, moved({ bytes: at, isMidMessage: true }))).toBeUndefined();
    }
    expect(sut?.look(4800, moved({ bytes: 4000, isMidMessage: true }))).toMatchObject({ event: 'app-idle' });
  });

  it('knows no messages in opaque mode', () => {
    expect(
      watch({ AppIdleTimeoutMs: 800, IdleTimeoutMs: 9000, Transfer: 'opaque' })?.look(1000, moved()),
    ).toBeUndefined();
  });

  it.each([
    [0, 1000],
    [1, 700],
    [0.5, 850],
  ])('ends a session at MaxLifetimeMs less its part of the jitter: random %d gives %i ms', (random, endMs) => {
    const sut = watch({ MaxLifetimeMs: 1000, MaxLifetimeJitter: 0.3 }, random);
    expect(sut?.nextMs(0)).toBe(endMs);
    expect(sut?.look(endMs - 1, moved({ bytes: 1, messages: 1 }))).toBeUndefined();
    expect(sut?.look(endMs, moved({ bytes: 2, messages: 2 }))).toMatchObject({ event: 'lifetime' });
  });
});
