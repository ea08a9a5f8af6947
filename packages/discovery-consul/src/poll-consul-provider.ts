import {
  type DiscoveryContext,
  type Endpoint,
  type JsonObject,
  pollingProvider,
  type ServiceDiscoveryProvider,
  type ServiceRef,
} from '@ocelot/core';

import { ConsulClient, type ConsulTls } from './consul-client.js';
import { EmptyDoubt } from './empty-doubt.js';
import { readHealthEntries } from './health-entry.js';
import { type ConsulSettings, readConsulSettings } from './options.js';
import { pause } from './pause.js';
import { WarnOnce } from './warn-once.js';

/** Longest time for one poll, the repeats of a doubtful answer included. */
const POLL_LIMIT_MS = 20_000;

/**
 * Makes a provider that asks Consul for each service every `PollingInterval` milliseconds: for a Consul behind
 * something that cuts long requests. {@link ConsulProvider} knows of a change sooner and asks less.
 * @throws Error naming the key when `options` cannot be used.
 */
export function pollConsulProvider(
  options: JsonObject,
  context: DiscoveryContext,
  tls?: ConsulTls,
): ServiceDiscoveryProvider {
  const settings = readConsulSettings(options);
  const client = new ConsulClient(settings, context.clock, tls);
  const polls = new Set<ServiceDiscoveryProvider>();
  return {
    subscribe(service, observer) {
      const poll = pollingProvider({
        intervalMs: settings.pollingIntervalMs,
        timeoutMs: POLL_LIMIT_MS,
        clock: context.clock,
        random: context.random,
        fetch: asker(client, settings, service, context),
      });
      polls.add(poll);
      const subscription = poll.subscribe(service, observer);
      return {
        unsubscribe: () => {
          subscription.unsubscribe();
          polls.delete(poll);
        },
      };
    },
    close: async () => {
      await Promise.all([...polls].map((poll) => poll.close()));
      client.close();
    },
  };
}

/** What one subscription asks: it remembers what it warned of and whether an empty answer is to be doubted. */
function asker(
  client: ConsulClient,
  settings: ConsulSettings,
  service: ServiceRef,
  { clock, log }: DiscoveryContext,
): (service: ServiceRef, signal: AbortSignal) => Promise<readonly Endpoint[]> {
  const doubt = new EmptyDoubt();
  const warnings = new WarnOnce(log, service);
  const ask = async (signal: AbortSignal): Promise<readonly Endpoint[]> => {
    for (;;) {
      const { value } = await client.health(service.name, { index: 0, signal });
      const againMs = doubt.weigh(value.length);
      if (againMs === undefined) {
        const read = readHealthEntries(value, settings);
        warnings.tell(read.warnings);
        return read.endpoints;
      }
      await pause(clock, againMs, signal);
    }
  };
  return async (_, signal) => {
    try {
      return await ask(signal);
    } catch (error) {
      doubt.outage();
      throw error;
    }
  };
}
