import { describe, expect, it } from 'vitest';

import type { EndpointObserver, ServiceDiscoveryProvider } from '../../src/contracts/discovery.js';
import { createEndpoint } from '../../src/runtime/create-endpoint.js';
import { type ConformanceInstance, discoveryConformance } from '../../src/testing/index.js';

type Instances = readonly ConformanceInstance[];

/** A registry in memory that tells at once, and a provider over it which `spoil` may damage. */
function memoryRegistry(spoil: (provider: ServiceDiscoveryProvider) => ServiceDiscoveryProvider = (same) => same) {
  const held = new Map<string, Instances>();
  const watching = new Map<EndpointObserver, string>();
  const tell = (observer: EndpointObserver): void => {
    const name = watching.get(observer);
    if (name !== undefined) observer.next((held.get(name) ?? []).map((instance) => createEndpoint(instance)));
  };
  const provider = (): ServiceDiscoveryProvider => ({
    subscribe: ({ name }, observer) => {
      watching.set(observer, name);
      queueMicrotask(() => tell(observer));
      return { unsubscribe: () => void watching.delete(observer) };
    },
    close: async () => watching.clear(),
  });
  return {
    createProvider: () => spoil(provider()),
    setInstances: ({ name }: { readonly name: string }, instances: Instances) => {
      held.set(name, instances);
      for (const observer of watching.keys()) tell(observer);
    },
    timeoutMs: 60,
    silenceMs: 10,
  };
}

/** The names of the cases that fail. */
async function failures(options: Parameters<typeof discoveryConformance>[0]): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of discoveryConformance(options)) await run().catch(() => failed.push(name));
  return failed;
}

describe('discoveryConformance', () => {
  it('passes a provider that keeps the contract', async () => {
    expect(await failures(memoryRegistry())).toEqual([]);
  });

  it('leaves the cases about outages out when the registry cannot be broken', () => {
    const names = discoveryConformance(memoryRegistry()).map(({ name }) => name);
    expect(names.filter((name) => name.includes('outage'))).toEqual([]);
    const breakable = { ...memoryRegistry(), breakRegistry: () => undefined, mendRegistry: () => undefined };
    expect(discoveryConformance(breakable)).toHaveLength(names.length + 2);
  });

  it('catches a provider that calls before subscribe has returned', async () => {
    const eager = memoryRegistry((provider) => ({
      ...provider,
      subscribe: (service, observer) => {
        observer.next([]);
        return provider.subscribe(service, observer);
      },
    }));
    expect(await failures(eager)).toContain('delivers the instances that are there, after subscribe has returned');
  });

  it('catches a provider that goes on after unsubscribe', async () => {
    const deaf = memoryRegistry((provider) => ({
      ...provider,
      subscribe: (service, observer) => {
        provider.subscribe(service, observer);
        return { unsubscribe: () => undefined };
      },
    }));
    expect(await failures(deaf)).toEqual([
      'serves two subscriptions to one service independently',
      'is silent after unsubscribe, which may be called twice',
      'is silent when unsubscribed before the first answer',
      'lets the observer unsubscribe while it is being told',
    ]);
  });

  it('catches a provider that goes on after close', async () => {
    const undying = memoryRegistry((provider) => ({ ...provider, close: async () => undefined }));
    expect(await failures(undying)).toContain('is silent after close, also with a subscription left open');
  });

  it('closes each provider once', async () => {
    const closes: number[] = [];
    const counting = memoryRegistry((provider) => {
      const index = closes.push(0) - 1;
      return {
        ...provider,
        close: () => {
          closes[index] = (closes[index] ?? 0) + 1;
          return provider.close();
        },
      };
    });
    await failures(counting);
    expect(new Set(closes)).toEqual(new Set([1]));
  });

  it('catches a provider that stays silent, and says what was awaited and seen', async () => {
    const silent = memoryRegistry((provider) => ({
      ...provider,
      subscribe: () => ({ unsubscribe: () => undefined }),
    }));
    const [first] = discoveryConformance(silent);
    await expect(first?.run()).rejects.toThrow(
      /waited 60 ms in vain: the set .*7001.*; the observer saw \{"errors":\[\]\}/,
    );
  });

  it('catches incomplete endpoints', async () => {
    const bare = memoryRegistry((provider) => ({
      ...provider,
      subscribe: (service, observer) =>
        provider.subscribe(service, {
          failed: (error) => observer.failed(error),
          next: (set) => observer.next(set.map(({ host, port }) => ({ host, port }) as never)),
        }),
    }));
    expect(await failures(bare)).toContain('delivers complete, usable endpoints');
  });
});
