import type { Clock } from './clock.js';
import type { Endpoint } from './endpoint.js';
import type { JsonObject } from './json.js';
import type { Logger } from './logger.js';
import type { ServiceRef } from './route.js';

/**
 * Watches services and tells of their endpoints: what `@ocelot/discovery-consul` is, and what users write for their
 * own registries. For a registry that can only be asked, {@link pollingProvider} makes one out of a function.
 *
 * The gateway subscribes at most once to one service, whatever the number of routes that use it.
 */
export interface ServiceDiscoveryProvider {
  /**
   * Starts watching. Must not call the observer before it returns.
   * Must go on trying until `unsubscribe`, with waits between attempts.
   */
  subscribe(service: ServiceRef, observer: EndpointObserver): Subscription;
  /** Ends every watch and frees every connection and timer. Called once, after the last `unsubscribe`. */
  close(): Promise<void>;
}

/**
 * What a provider tells. Calls after `unsubscribe` are forbidden. Neither method throws.
 *
 * After `failed` the first good answer must be told with `next` even when the set is the same as before: that is how
 * the observer learns of the recovery. Otherwise equal sets need not be told again.
 */
export interface EndpointObserver {
  /** The whole current set. Empty means "known to be none". The provider must not change the array afterwards. */
  next(endpoints: readonly Endpoint[]): void;
  /** Cannot refresh now. The last set stays in force; the provider goes on trying. */
  failed(error: Error): void;
}

/** One running watch. */
export interface Subscription {
  /** Ends the watch. Synchronous and idempotent: no observer call after it returns. */
  unsubscribe(): void;
}

/** What a provider may use besides its options. */
export interface DiscoveryContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Uniform in [0, 1), for jitter. Injected, so that tests can script it. */
  readonly random: () => number;
}

/**
 * Makes a provider, once per gateway and configuration of `ServiceDiscoveryProvider`.
 * @param options `GlobalConfiguration.ServiceDiscoveryProvider` as written, known keys in Ocelot's own spelling
 *   (`Scheme`, `Host`, `Port`, `Type`, `Token`, `PollingInterval`, `Namespace`, `ConfigurationKey`) and the
 *   provider's own keys as they stand.
 * @throws Error when an option cannot be used: the configuration is then refused with that message.
 */
export type ServiceDiscoveryProviderFactory = (
  options: JsonObject,
  context: DiscoveryContext,
) => ServiceDiscoveryProvider;
