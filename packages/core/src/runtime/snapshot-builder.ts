import type { GatewayConfig } from '../config/gateway-config.js';
import type { Clock } from '../contracts/clock.js';
import type { GatewayGroup } from '../contracts/gateway-group.js';
import type { Logger } from '../contracts/logger.js';
import { ConfigError, type ConfigIssue } from '../errors/config-error.js';
import { compileRouteTable } from '../routing/route-table.js';
import { bindRoute, type BindContext, type BoundRoute, checkPlugins } from './bound-route.js';
import { DynamicRoutes } from './dynamic-routes.js';
import { PoolDirectory } from './pool-directory.js';
import { ProviderDirectory } from './provider-directory.js';
import type { PluginRegistry } from './registry.js';
import type { ServiceWatch } from './service-watch.js';
import { Snapshot } from './snapshot.js';

/** What snapshots are built with. */
export interface SnapshotBuilderInit {
  readonly registry: PluginRegistry;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly startTimeoutMs: number;
  /** The gateways this one counts and balances with. */
  readonly group: GatewayGroup | undefined;
}

/** Makes snapshots out of configurations. Owns what outlives them: pools, watches, providers, the ledger. */
export class SnapshotBuilder {
  readonly #init: SnapshotBuilderInit;
  readonly #providers: ProviderDirectory;
  readonly #context: BindContext;

  constructor(init: SnapshotBuilderInit) {
    this.#init = init;
    this.#providers = new ProviderDirectory(init.registry, { ...init, record: init.registry.record });
    this.#context = {
      registry: init.registry,
      pools: new PoolDirectory(init.registry, this.#providers, init),
      ledger: init.registry.host.ledger,
      clock: init.clock,
      log: init.log,
      sweep: () => this.#providers.sweep(),
    };
  }

  /**
   * Binds every route and waits, within `startTimeoutMs`, for the first endpoints of discovered services.
   * @throws ConfigError with every issue of every route; nothing is held then.
   */
  async build(revision: number, config: GatewayConfig): Promise<Snapshot> {
    const bound: BoundRoute[] = [];
    try {
      this.#bindAll(config, bound);
      const table = compileRouteTable(bound.map((value) => ({ route: value.route, value })));
      const snapshot = new Snapshot(revision, config, bound, table, this.#dynamicRoutesOf(config));
      await this.#firstEndpoints(bound);
      return snapshot;
    } catch (error) {
      for (const route of bound) route.release();
      this.#providers.sweep();
      throw error;
    }
  }

  /** Adds to `bound` as it goes, so that the caller can give everything back. */
  #bindAll(config: GatewayConfig, bound: BoundRoute[]): void {
    const faults = new Faults();
    for (const route of config.routes) {
      faults.collect(() => bound.push(bindRoute(route, config, this.#context)));
    }
    faults.assertNone();
  }

  /** Services are bound with their first request; what they need is checked now. */
  #dynamicRoutesOf(config: GatewayConfig): DynamicRoutes | undefined {
    const { dynamic, discovery } = config;
    if (dynamic === undefined || discovery === undefined) return undefined;
    const faults = new Faults();
    const release = faults.collect(() => this.#providers.hold(discovery));
    for (const route of [...dynamic.entries, dynamic.fallback]) {
      faults.collect(() => this.#context.pools.checkPolicy(route));
      faults.collect(() => checkPlugins(route, config, this.#context));
    }
    try {
      faults.assertNone();
    } catch (error) {
      release?.();
      throw error;
    }
    return new DynamicRoutes(dynamic, config, { ...this.#context, released: () => release?.() });
  }

  /** Ends watches and providers that no snapshot uses any more. */
  sweep(): void {
    this.#providers.sweep();
  }

  /** Fulfilled when the providers that were swept have closed. */
  closed(): Promise<void> {
    return this.#providers.closed();
  }

  async #firstEndpoints(bound: readonly BoundRoute[]): Promise<void> {
    const watches = new Set<ServiceWatch>();
    for (const { hold } of bound) if (hold.watch !== undefined && !hold.watch.isKnown) watches.add(hold.watch);
    if (watches.size === 0) return;
    const { clock, log, startTimeoutMs } = this.#init;
    await new Promise<void>((resolve) => {
      const late = clock.setTimer(startTimeoutMs, resolve);
      void Promise.all([...watches].map((watch) => watch.settled)).then(() => {
        late.clear();
        resolve();
      });
    });
    const missing = [...watches].filter((watch) => !watch.isKnown).map((watch) => watch.service.name);
    if (missing.length > 0) {
      log.warn(
        { services: missing },
        'no endpoints known yet: routes to these services answer 503 until there are some',
      );
    }
  }
}

/** Gathers what is wrong with all routes. What several say alike, such as a registry they share, is told once. */
class Faults {
  readonly #issues = new Map<string, ConfigIssue>();

  /** Takes the issues of a ConfigError; everything else is thrown on. */
  collect<T>(attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const issue of error.issues) this.#issues.set(`${issue.source} ${issue.message}`, issue);
      return undefined;
    }
  }

  /** @throws ConfigError */
  assertNone(): void {
    if (this.#issues.size > 0) throw new ConfigError([...this.#issues.values()]);
  }
}
