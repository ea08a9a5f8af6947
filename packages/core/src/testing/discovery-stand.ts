import type { ServiceDiscoveryProvider } from '../contracts/discovery.js';
import type { ServiceRef } from '../contracts/route.js';
import { check } from './conformance-case.js';
import type { ObserverLog } from './observer-log.js';
import { until } from './until.js';

/** An instance that a registry holds during a conformance case. */
export interface ConformanceInstance {
  readonly host: string;
  readonly port: number;
}

/** What the suite needs of a provider and of the registry behind it. */
export interface DiscoveryConformanceOptions {
  /** Makes a new provider with nothing subscribed. Called once per case; the suite closes it. */
  createProvider(): ServiceDiscoveryProvider | Promise<ServiceDiscoveryProvider>;
  /** Makes the registry hold exactly these healthy instances of the service; none: the service is unknown or empty. */
  setInstances(service: ServiceRef, instances: readonly ConformanceInstance[]): void | Promise<void>;
  /** Makes the registry unreachable or failing. Without it and `mend` the cases about outages are left out. */
  breakRegistry?(): void | Promise<void>;
  /** Ends what `breakRegistry` began; what the registry held before must be there again. */
  mendRegistry?(): void | Promise<void>;
  /** Called while the suite waits: where a provider on a {@link FakeClock} has its time moved on. */
  tick?(): void | Promise<void>;
  /** Longest wait for any single news, in milliseconds. @default 5000 */
  readonly timeoutMs?: number;
  /** How long silence is listened to where no call is allowed, in milliseconds. @default 150 */
  readonly silenceMs?: number;
}

/** What one case works with: a provider, service names of its own, and bounded waits. */
export class DiscoveryStand {
  readonly provider: ServiceDiscoveryProvider;
  readonly options: DiscoveryConformanceOptions;
  readonly #name: string;
  #closed: Promise<void> | undefined;

  constructor(provider: ServiceDiscoveryProvider, options: DiscoveryConformanceOptions, name: string) {
    this.provider = provider;
    this.options = options;
    this.#name = name;
  }

  /** Closes the provider; it may rely on being closed once. */
  close(): Promise<void> {
    this.#closed ??= this.provider.close();
    return this.#closed;
  }

  /** A service that no other case uses. */
  service(suffix: string = ''): ServiceRef {
    return { name: `${this.#name}${suffix}`, namespace: '' };
  }

  /** @throws Error naming `what` when it does not come about in time. */
  async waitFor(what: string, holds: () => boolean): Promise<void> {
    await until(holds, { what, timeoutMs: this.options.timeoutMs ?? 5_000, tick: () => this.options.tick?.() });
  }

  /** @throws Error telling what the observer saw instead when the set does not come in time. */
  async waitForSet(log: ObserverLog, instances: readonly ConformanceInstance[]): Promise<void> {
    const wanted = instances.map(({ host, port }) => `${host}:${port}`);
    try {
      await this.waitFor(`the set ${JSON.stringify(wanted)}`, () => log.holds(wanted));
    } catch (error) {
      const seen = JSON.stringify({ set: log.addresses, errors: log.errors.map(({ message }) => message) });
      throw new Error(`${String(error)}; the observer saw ${seen}`, { cause: error });
    }
  }

  /** Fails when the observer is called by what `during` does, or within a while after it. */
  async checkSilence(log: ObserverLog, when: string, during?: () => void | Promise<void>): Promise<void> {
    const callsBefore = log.calls;
    await during?.();
    const untilMs = performance.now() + (this.options.silenceMs ?? 150);
    await this.waitFor('the end of the silence', () => performance.now() >= untilMs);
    check(log.calls === callsBefore, `the observer was called ${when}`);
  }
}
