import type { DiscoverySettings } from '../config/gateway-config.js';
import type { Clock } from '../contracts/clock.js';
import type { GatewayGroup } from '../contracts/gateway-group.js';
import type { BalancingPolicy, BalancingPolicyFactory } from '../contracts/load-balancer.js';
import type { Route, ServiceSource } from '../contracts/route.js';
import { ConfigError } from '../errors/config-error.js';
import { EndpointPool } from './endpoint-pool.js';
import { pluginMissing } from './plugin-missing.js';
import type { ProviderDirectory } from './provider-directory.js';
import type { PluginRegistry } from './registry.js';
import type { EndpointListener, ServiceWatch } from './service-watch.js';

/** Ocelot's meaning of an empty `Type`: always the first endpoint (and the next one on a retry). */
const firstEndpoint: BalancingPolicyFactory = () => ({
  pick: (candidates) => {
    const [first] = candidates;
    if (first === undefined) throw new Error('candidates is never empty');
    return first;
  },
});

/** A pool in use: kept until `release` was called as often as `acquire`. */
export interface PoolHold {
  readonly pool: EndpointPool;
  /** Undefined for static endpoints. */
  readonly watch: ServiceWatch | undefined;
  /** Gives the pool back. Idempotent. */
  release(): void;
}

interface PoolEntry {
  readonly pool: EndpointPool;
  readonly watch: ServiceWatch | undefined;
  readonly listener: EndpointListener;
  users: number;
}

/** What policies of this gateway are given. */
export interface PoolDirectoryContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly group: GatewayGroup | undefined;
}

/**
 * The endpoint pools of one gateway. A pool belongs to what Ocelot calls a balancer key: the route's match, its
 * service and its balancing options. A reload that leaves those alone keeps the pool with its counts and its policy's
 * state; one that changes them makes another (Ocelot keeps sticky sessions on the old hosts: LoadBalancerHouse.cs).
 */
export class PoolDirectory {
  readonly #registry: PluginRegistry;
  readonly #providers: ProviderDirectory;
  readonly #context: PoolDirectoryContext;
  readonly #entries = new Map<string, PoolEntry>();

  constructor(registry: PluginRegistry, providers: ProviderDirectory, context: PoolDirectoryContext) {
    this.#registry = registry;
    this.#providers = providers;
    this.#context = context;
  }

  /**
   * @param discovery Needed when the route's endpoints are discovered.
   * @throws ConfigError when the balancer or discovery type is not registered or refuses its options.
   */
  acquire(route: Route, discovery: DiscoverySettings | undefined): PoolHold {
    const key = poolKey(route, discovery);
    const entry = this.#entries.get(key) ?? this.#open(key, route, discovery);
    entry.users += 1;
    let isHeld = true;
    return {
      pool: entry.pool,
      watch: entry.watch,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.users -= 1;
        if (entry.users === 0) this.#close(key, entry);
      },
    };
  }

  /**
   * Makes the policy of a route and lets it go: for routes whose pools open with their first request.
   * @throws ConfigError when the balancer type is not registered or refuses its options.
   */
  checkPolicy(route: Route): void {
    new EndpointPool(this.#policyOf(route)).close();
  }

  #open(key: string, route: Route, discovery: DiscoverySettings | undefined): PoolEntry {
    const loads = this.#context.group?.loads;
    const pool = new EndpointPool(
      this.#policyOf(route, key),
      loads === undefined ? undefined : (endpoint) => loads.open(key, endpoint),
    );
    const listener: EndpointListener = (endpoints) => pool.update(endpoints);
    let watch: ServiceWatch | undefined;
    if (route.source.kind === 'static') pool.update(route.source.endpoints);
    else {
      if (discovery === undefined) throw noRegistry(route);
      watch = this.#providers.watch(discovery, route.source.service);
      watch.listen(listener);
    }
    const entry = { pool, watch, listener, users: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  #close(key: string, entry: PoolEntry): void {
    this.#entries.delete(key);
    entry.watch?.unlisten(entry.listener);
    entry.pool.close();
  }

  /** @param key of the pool; without it the policy is only tried, and told nothing by other members. */
  #policyOf(route: Route, key?: string): BalancingPolicy {
    const { type, options } = route.balancing;
    const create =
      type === ''
        ? (this.#registry.balancing.get('NoLoadBalancer') ?? firstEndpoint)
        : this.#registry.balancing.get(type);
    const isOwn = namesType(route);
    const location = isOwn ? `${route.location}/LoadBalancerOptions` : route.location;
    const from = isOwn ? '' : ' of GlobalConfiguration';
    if (create === undefined) {
      throw pluginMissing('load balancer', type, location, this.#registry.balancing.names, from);
    }
    try {
      const { clock, random, group } = this.#context;
      const board = key === undefined ? undefined : group?.notes;
      return create(options, {
        clock,
        random,
        service: serviceName(route.source),
        ...(group === undefined ? {} : { member: group.member }),
        ...(board === undefined || key === undefined ? {} : { notes: (heard) => board.open(key, heard) }),
      });
    } catch (error) {
      throw new ConfigError([
        {
          severity: 'error',
          kind: 'BalancingOptions',
          source: location,
          message: `the load balancer "${type}"${from} refuses its options: ${error instanceof Error ? error.message : String(error)}`,
        },
      ]);
    }
  }
}

/** Whether the balancer's type stands on the route itself and does not come from the global section. */
function namesType({ file, balancing }: Route): boolean {
  const own = file['LoadBalancerOptions'];
  if (typeof own !== 'object' || own === null || !('Type' in own)) return false;
  return typeof own['Type'] === 'string' && own['Type'].trim() === balancing.type;
}

/** {@link BalancingContext.service}. The first endpoint of a fixed list stays first when others are added or taken away. */
function serviceName(source: ServiceSource): string {
  if (source.kind === 'discovered') return `${source.service.namespace}/${source.service.name}`;
  const [first] = source.endpoints;
  return first === undefined ? '' : `${first.host}:${first.port}`;
}

function poolKey(route: Route, discovery: DiscoverySettings | undefined): string {
  const { match, source, balancing, scheme } = route;
  const registry = source.kind === 'static' ? undefined : discovery;
  return JSON.stringify([
    match.methods,
    match.pathTemplate,
    match.host,
    match.headers,
    source,
    balancing,
    scheme,
    registry?.type,
    registry?.options,
  ]);
}

function noRegistry(route: Route): ConfigError {
  return new ConfigError([
    {
      severity: 'error',
      kind: 'NoDiscoveryProvider',
      source: `${route.location}/ServiceName`,
      message: 'the route names a service, but no registry is configured.',
      hint: 'Add GlobalConfiguration.ServiceDiscoveryProvider, or DownstreamHostAndPorts instead of ServiceName.',
    },
  ]);
}
