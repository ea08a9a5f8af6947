import { type GatewayEvent, isGatewayError } from '@ocelot/core';
import { FakeClock, MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import type { Rule } from '../../src/quota/counter.js';
import type { Hit } from '../../src/store/counter-store.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { type RemoteCounters, SharedStore } from '../../src/store/shared-store.js';
import type { OnFailure } from '../../src/store/store-settings.js';

const rule: Rule = { limit: 1, periodMs: 60_000, waitMs: 0 };
const FIRST: Hit = { total: 1, resetMs: 60_000, retryAfterMs: 0 };

/** A store elsewhere that fails as long as it is told to. */
class FakeRemote implements RemoteCounters {
  failure: Error | undefined;
  counts = 0;
  pings = 0;
  isClosed = false;

  async count(): Promise<Hit> {
    this.counts += 1;
    if (this.failure !== undefined) throw this.failure;
    return FIRST;
  }

  async ping(): Promise<void> {
    this.pings += 1;
    if (this.failure !== undefined) throw this.failure;
  }

  close(): void {
    this.isClosed = true;
  }
}

function shared(onFailure: OnFailure) {
  const clock = new FakeClock();
  const log = new MemoryLogger();
  const remote = new FakeRemote();
  const events: GatewayEvent[] = [];
  const local = new MemoryStore({ clock, maxKeys: () => 10, onFull: () => {} });
  const store = new SharedStore({
    remote,
    local,
    onFailure,
    address: 'redis.test:6379',
    clock,
    log,
    record: (event) => events.push(event),
  });
  return { store, remote, clock, log, events, local };
}

describe('SharedStore', () => {
  it('counts in the remote, and says once that it is there', async () => {
    const { store, remote, events, log } = shared('closed');
    await store.begin();
    expect([await store.hit('a', rule), await store.hit('a', rule)]).toEqual([FIRST, FIRST]);
    expect(remote.counts).toBe(2);
    expect(events).toEqual([{ type: 'dependency.changed', name: 'rate-limit-store', isUp: true, error: undefined }]);
    expect(log.lines).toEqual([]);
    store.close();
  });

  it('lets requests pass uncounted while it is down (open)', async () => {
    const { store, remote } = shared('open');
    remote.failure = new Error('no');
    expect(await store.hit('a', rule)).toBeUndefined();
    expect(await store.hit('a', rule)).toBeUndefined();
    store.close();
  });

  it('refuses requests with 503 while it is down (closed)', async () => {
    const { store, remote } = shared('closed');
    remote.failure = new Error('no');
    await expect(store.hit('a', rule)).rejects.toSatisfy(
      (error) => isGatewayError(error) && error.code === 'OCELOT_ERR_RATE_LIMITED' && error.status === 503,
    );
    expect(() => store.hit('a', rule)).toThrow('Limits cannot be checked now.');
    store.close();
  });

  it('counts for itself while it is down (local)', async () => {
    const { store, remote, local } = shared('local');
    remote.failure = new Error('no');
    expect((await store.hit('a', rule))?.retryAfterMs).toBe(0);
    expect((await store.hit('a', rule))?.retryAfterMs).toBe(60_000);
    store.close();
    local.close();
  });

  it('asks a store that is down nothing but every half second whether it is back, and tells of each change once', async () => {
    const { store, remote, clock, log, events } = shared('open');
    await store.begin();
    remote.failure = new Error('refused');
    await Promise.all(['a', 'b', 'c'].map(async (key) => await store.hit(key, rule)));
    expect(remote.counts).toBe(3);
    for (let tick = 0; tick < 4; tick += 1) {
      await store.hit('a', rule);
      await clock.advanceAsync(500);
    }
    expect([remote.counts, remote.pings]).toEqual([3, 5]);
    remote.failure = undefined;
    await clock.advanceAsync(500);
    await store.hit('a', rule);
    expect(remote.counts).toBe(4);
    expect(log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn rate limit store is down',
      'info rate limit store is back',
    ]);
    expect(log.lines[0]?.fields).toEqual({ store: 'redis.test:6379', error: 'refused', onFailure: 'open' });
    expect(events.map((event) => event.type === 'dependency.changed' && event.isUp)).toEqual([true, false, true]);
    expect(clock.pending).toBe(0);
    store.close();
  });

  it('tells of another cause of the same outage, of three at most: the first is often only that the connection broke', async () => {
    const { store, remote, clock, log, events } = shared('open');
    for (const cause of ['closed', 'NOAUTH', 'NOAUTH', 'other', 'one more']) {
      remote.failure = new Error(cause);
      await store.hit('a', rule);
      await clock.advanceAsync(500);
    }
    expect(log.lines.map(({ message, fields }) => `${message}: ${String(fields['error'])}`)).toEqual([
      'rate limit store is down: closed',
      'rate limit store is still down: NOAUTH',
      'rate limit store is still down: other',
    ]);
    expect(events).toHaveLength(1);
    store.close();
  });

  it('gives the requests that wait their answer before it closes, when a reload leaves it out', async () => {
    const { store, remote, clock } = shared('closed');
    await store.begin();
    const waits = ['a', 'b'].map(async (key) => await store.hit(key, rule));
    store.retire();
    expect(remote.isClosed).toBe(false);
    expect(await Promise.all(waits)).toEqual([FIRST, FIRST]);
    expect(remote.isClosed).toBe(true);
    const idle = shared('closed');
    idle.store.retire();
    expect([idle.remote.isClosed, clock.pending]).toEqual([true, 0]);
  });

  it('leaves no timer and says nothing once it is closed', async () => {
    const { store, remote, clock, log } = shared('open');
    remote.failure = new Error('no');
    await store.begin();
    store.close();
    store.close();
    expect([clock.pending, remote.isClosed]).toEqual([0, true]);
    await store.hit('a', rule);
    expect([clock.pending, log.lines.length]).toEqual([0, 1]);
  });
});
