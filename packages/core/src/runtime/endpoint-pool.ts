// Hot path: `lease` and `release` run once per request. No allocation beyond the lease itself, no sorting, no search by
// name; the candidate list is made when membership changes. Guarded by bench/endpoint-pool.bench.ts.
import type { Endpoint, EndpointLoad, Lease } from '../contracts/endpoint.js';
import type { LoadShare } from '../contracts/gateway-group.js';
import type { BalancingPolicy } from '../contracts/load-balancer.js';
import type { GatewayRequest } from '../contracts/request.js';

/** An endpoint with its count. Only its pool changes it; policies see it as a readonly EndpointLoad. */
class PooledEndpoint implements EndpointLoad {
  readonly owner: EndpointPool;
  endpoint: Endpoint;
  /** Leases of this gateway. */
  own = 0;
  /** Whether it is among the candidates now. */
  isPresent = true;

  readonly #share: LoadShare | undefined;

  constructor(owner: EndpointPool, endpoint: Endpoint, share: LoadShare | undefined) {
    this.owner = owner;
    this.endpoint = endpoint;
    this.#share = share;
  }

  get inFlight(): number {
    return this.#share === undefined ? this.own : this.own + this.#share.foreign;
  }

  count(change: 1 | -1): void {
    this.own += change;
    this.#share?.report(this.own);
  }

  /** Nothing is held here any more, as far as others are concerned. */
  close(): void {
    this.#share?.close();
  }
}

/** The identity of a backend: two endpoints with this text in common are the same. */
function endpointKey(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`;
}

function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a === b ||
    (a.host === b.host &&
      a.port === b.port &&
      a.scheme === b.scheme &&
      a.weight === b.weight &&
      a.tags.length === b.tags.length &&
      a.tags.every((tag, index) => tag === b.tags[index]) &&
      JSON.stringify(a.metadata) === JSON.stringify(b.metadata))
  );
}

/** Whether two sets say the same in the same order: an update that changes nothing is dropped. */
export function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return (
    a.length === b.length &&
    a.every((endpoint, index) => {
      const other = b[index];
      return other !== undefined && sameEndpoint(endpoint, other);
    })
  );
}

/**
 * The endpoints of one route, their counts, and the policy that picks among them. Owned by the pool directory; lives
 * across reloads while a route uses it, so counts and the policy's own state do too.
 */
export class EndpointPool {
  readonly #policy: BalancingPolicy;
  /** Every endpoint with a count: the present ones, and gone ones until their last lease ends. */
  readonly #known = new Map<string, PooledEndpoint>();
  /** Replaced as a whole when membership changes, never edited: policies cache on its identity. */
  #candidates: readonly PooledEndpoint[] = [];

  readonly #openShare: (endpoint: string) => LoadShare | undefined;
  /** Who wants to know the present set; nobody in most pools. */
  readonly #listeners = new Set<(endpoints: readonly Endpoint[]) => void>();

  /** @param openShare Opens what other members of a gateway group carry on an endpoint (`host:port`). */
  constructor(policy: BalancingPolicy, openShare: (endpoint: string) => LoadShare | undefined = () => undefined) {
    this.#policy = policy;
    this.#openShare = openShare;
  }

  /** The present endpoints and what they carry. */
  get candidates(): readonly EndpointLoad[] {
    return this.#candidates;
  }

  /**
   * Puts another set in force. A set equal to the present one is dropped. An endpoint that stays keeps its count, also
   * when its weight or tags change; one that goes keeps it until its last lease ends, in case it comes back.
   */
  update(endpoints: readonly Endpoint[]): void {
    if (sameEndpoints(this.#present, endpoints)) return;
    const next = new Map<string, PooledEndpoint>();
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      if (next.has(key)) continue; // A registry may list one address twice; it is one backend.
      const pooled = this.#known.get(key) ?? new PooledEndpoint(this, endpoint, this.#openShare(key));
      pooled.endpoint = endpoint;
      pooled.isPresent = true;
      this.#known.set(key, pooled);
      next.set(key, pooled);
    }
    this.#candidates = Object.freeze([...next.values()]);
    for (const [key, pooled] of this.#known) {
      if (next.has(key)) continue;
      pooled.isPresent = false;
      if (pooled.own === 0) this.#forget(key, pooled);
    }
    for (const listener of this.#listeners) listener(this.#present);
  }

  /**
   * Tells the present set, now and whenever it changes, each backend once.
   * @param listener Must not throw.
   * @returns ends it; idempotent.
   */
  listen(listener: (endpoints: readonly Endpoint[]) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#present);
    return () => void this.#listeners.delete(listener);
  }

  get #present(): readonly Endpoint[] {
    return this.#candidates.map(({ endpoint }) => endpoint);
  }

  /**
   * Lets the policy pick and counts the pick.
   * @param tried Endpoints that failed for this request already; they are left out.
   * @param clientAddress For policies that look at it.
   * @param filter Of guards: which of the endpoints may be used now.
   * @returns undefined when no endpoint is left.
   */
  lease(
    request: GatewayRequest,
    tried: readonly Endpoint[] = [],
    clientAddress = '',
    filter?: (candidates: readonly EndpointLoad[]) => readonly EndpointLoad[],
  ): Lease | undefined {
    const untried: readonly EndpointLoad[] = tried.length === 0 ? this.#candidates : this.#without(tried);
    if (untried.length === 0) return undefined;
    const candidates = filter === undefined ? untried : filter(untried);
    if (candidates.length === 0) return undefined;
    const picked = this.#policy.pick(candidates, request, clientAddress);
    if (!(picked instanceof PooledEndpoint) || picked.owner !== this || !picked.isPresent) {
      throw new Error('the balancing policy picked an endpoint that is not among its candidates');
    }
    picked.count(1);
    return new PoolLease(picked);
  }

  /** Whether there is an endpoint that was not tried, and may be used now. */
  hasOther(
    tried: readonly Endpoint[],
    filter?: (candidates: readonly EndpointLoad[]) => readonly EndpointLoad[],
  ): boolean {
    const untried = this.#without(tried);
    return untried.length > 0 && (filter === undefined || filter(untried).length > 0);
  }

  /** The policy's mark on an answer; undefined when it makes none. */
  get marker(): BalancingPolicy['mark'] {
    return this.#policy.mark === undefined
      ? undefined
      : (endpoint, request, answer) => this.#policy.mark?.(endpoint, request, answer);
  }

  /** Ends the policy. Leases that are still out stay valid and may be released. */
  close(): void {
    for (const pooled of this.#known.values()) pooled.close();
    this.#policy.close?.();
  }

  #without(tried: readonly Endpoint[]): readonly PooledEndpoint[] {
    return this.#candidates.filter(
      ({ endpoint }) => !tried.some((other) => other.host === endpoint.host && other.port === endpoint.port),
    );
  }

  /** @internal Called by the last lease of an endpoint that left. */
  forget(pooled: PooledEndpoint): void {
    this.#forget(endpointKey(pooled.endpoint), pooled);
  }

  #forget(key: string, pooled: PooledEndpoint): void {
    this.#known.delete(key);
    pooled.close();
  }
}

class PoolLease implements Lease {
  readonly endpoint: Endpoint;
  readonly #pooled: PooledEndpoint;
  #isOpen = true;

  constructor(pooled: PooledEndpoint) {
    this.endpoint = pooled.endpoint;
    this.#pooled = pooled;
  }

  release(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const pooled = this.#pooled;
    pooled.count(-1);
    if (pooled.own === 0 && !pooled.isPresent) pooled.owner.forget(pooled);
  }
}
