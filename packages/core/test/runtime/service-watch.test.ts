import { describe, expect, it } from 'vitest';

import type { Endpoint, EndpointObserver, GatewayEvent, ServiceDiscoveryProvider } from '../../src/index.js';
import { ServiceWatch } from '../../src/runtime/service-watch.js';
import { MemoryLogger } from '../../src/testing/index.js';

const endpoint = (port: number): Endpoint => ({ host: '127.0.0.1', port, weight: 1, tags: [], metadata: {} });

function scripted() {
  let observer: EndpointObserver | undefined;
  let subscriptions = 0;
  let unsubscribed = 0;
  const provider: ServiceDiscoveryProvider = {
    subscribe: (_service, given) => {
      observer = given;
      subscriptions += 1;
      return { unsubscribe: () => void (unsubscribed += 1) };
    },
    close: () => Promise.resolve(),
  };
  const events: GatewayEvent[] = [];
  const log = new MemoryLogger();
  const watch = new ServiceWatch(
    provider,
    { name: 'chat', namespace: '' },
    { log, record: (event) => void events.push(event) },
  );
  const tell = (): EndpointObserver => {
    if (observer === undefined) throw new Error('not subscribed');
    return observer;
  };
  return { watch, tell, events, log, counts: () => ({ subscriptions, unsubscribed }) };
}

describe('ServiceWatch', () => {
  it('subscribes once, however many pools listen', () => {
    const { watch, tell, counts } = scripted();
    const seen: number[] = [];
    watch.listen((endpoints) => void seen.push(endpoints.length));
    watch.listen((endpoints) => void seen.push(endpoints.length));
    tell().next([endpoint(1)]);
    expect(seen).toEqual([1, 1]);
    expect(counts().subscriptions).toBe(1);
  });

  it('tells a late listener the set that is known already', () => {
    const { watch, tell } = scripted();
    tell().next([endpoint(1), endpoint(2)]);
    let seen = 0;
    watch.listen((endpoints) => void (seen = endpoints.length));
    expect(seen).toBe(2);
  });

  it('drops a set that says the same as the one in force', () => {
    const { tell, events } = scripted();
    tell().next([endpoint(1)]);
    tell().next([endpoint(1)]);
    expect(events.map((event) => event.type)).toEqual(['endpoints.changed']);
  });

  it('keeps the last known set while the registry is away, and warns once for the whole outage', () => {
    const { watch, tell, events, log } = scripted();
    const seen: number[] = [];
    watch.listen((endpoints) => void seen.push(endpoints.length));
    tell().next([endpoint(1)]);
    tell().failed(new Error('connect ECONNREFUSED'));
    tell().failed(new Error('connect ECONNREFUSED'));
    expect(seen).toEqual([1]);
    expect(watch.failure?.message).toBe('connect ECONNREFUSED');
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
    tell().next([endpoint(1)]);
    expect(watch.failure).toBeUndefined();
    expect(events.map((event) => event.type)).toEqual(['endpoints.changed', 'discovery.failed']);
  });

  it('leaves out an endpoint that could not stand in a header, whatever its registry says (CVE-2026-1527)', () => {
    const { watch, tell, log } = scripted();
    let seen: readonly Endpoint[] = [];
    watch.listen((endpoints) => void (seen = endpoints));
    tell().next([{ ...endpoint(1), host: 'a\r\nX-Admin: 1' }, endpoint(2), { ...endpoint(3), port: 0 }]);
    expect(seen.map(({ port }) => port)).toEqual([2]);
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(2);
  });

  it('is settled by the first set or by the first failure', async () => {
    const delivered = scripted();
    delivered.tell().next([]);
    await delivered.watch.settled;
    expect(delivered.watch.isKnown).toBe(true);
    const failed = scripted();
    failed.tell().failed(new Error('no'));
    await failed.watch.settled;
    expect(failed.watch.isKnown).toBe(false);
  });

  it('unsubscribes once when it is closed', async () => {
    const { watch, counts } = scripted();
    watch.close();
    watch.close();
    await watch.settled;
    expect(counts().unsubscribed).toBe(1);
  });
});
