import { type DiscoveryContext, type ServiceDiscoveryProvider, systemClock } from '@ocelot/core';
import {
  type ConformanceCase,
  type ConformanceInstance,
  discoveryConformance,
  MemoryLogger,
  ObserverLog,
} from '@ocelot/core/testing';
import { eventually, type TestConsul } from '@ocelot/test-support';

/** What a provider of a test works with. */
export function discoveryContext(): DiscoveryContext {
  return { clock: systemClock, log: new MemoryLogger(), random: Math.random };
}

/** Subscribes to a service and keeps what is told. */
export function watch(provider: ServiceDiscoveryProvider, name: string) {
  const log = new ObserverLog();
  const subscription = provider.subscribe({ name, namespace: '' }, log);
  const holds = (...ports: readonly number[]): Promise<boolean> =>
    eventually(() => log.holds(ports.map((port) => `127.0.0.1:${port}`)), `the ports ${ports.join(', ')} are told`);
  return { log, subscription, holds };
}

/** The conformance suite around a real Consul that keeps its data; `consul` is asked for once it runs. */
export function conformanceWith(
  consul: () => TestConsul,
  createProvider: (consul: TestConsul) => ServiceDiscoveryProvider,
): readonly ConformanceCase[] {
  const held = new Map<string, readonly ConformanceInstance[]>();
  return discoveryConformance({
    createProvider: () => createProvider(consul()),
    setInstances: async ({ name }, instances) => {
      const ports = instances.map(({ port }) => port);
      for (const { port } of held.get(name) ?? []) {
        if (!ports.includes(port)) await consul().deregister(`${name}-${port}`);
      }
      for (const { host, port } of instances) {
        await consul().register({ name, id: `${name}-${port}`, address: host, port });
      }
      held.set(name, instances);
    },
    breakRegistry: () => consul().kill(),
    mendRegistry: () => consul().start(),
    timeoutMs: 10_000,
  });
}
