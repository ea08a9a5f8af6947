import type { GatewayConfig } from '../config/gateway-config.js';
import { requestIdKey } from '../config/normalize/request-id-key.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { RouteTable } from '../contracts/route-table.js';
import { resolveClientAddress, type ClientIdentity } from '../pipeline/client-address.js';
import { compileTrustedPeers } from '../pipeline/trusted-peers.js';
import type { BoundMatch, BoundRoute } from './bound-route.js';
import type { DynamicRoutes } from './dynamic-routes.js';

/**
 * One configuration in force: replaced by one assignment, never edited. A request reads it once and keeps it.
 */
export class Snapshot {
  readonly revision: number;
  readonly config: GatewayConfig;
  /** The global `RequestIdKey`, for refusals of what matches no route. */
  readonly requestIdKey: string | undefined;
  /** In file order. */
  readonly bound: readonly BoundRoute[];
  readonly #table: RouteTable<BoundRoute>;
  readonly #dynamic: DynamicRoutes | undefined;
  readonly #isTrustedProxy: (address: string) => boolean;

  constructor(
    revision: number,
    config: GatewayConfig,
    bound: readonly BoundRoute[],
    table: RouteTable<BoundRoute>,
    dynamic: DynamicRoutes | undefined,
  ) {
    this.revision = revision;
    this.config = config;
    this.requestIdKey = requestIdKey(config.global['RequestIdKey']);
    this.bound = bound;
    this.#table = table;
    this.#dynamic = dynamic;
    this.#isTrustedProxy = compileTrustedPeers(config.settings.trustedProxies);
  }

  match(request: GatewayRequest): BoundMatch | undefined {
    return this.#table.match(request) ?? this.#dynamic?.match(request);
  }

  /** Who the client is, behind the proxies that this configuration trusts. */
  clientOf(request: GatewayRequest): ClientIdentity {
    return resolveClientAddress(request, this.#isTrustedProxy);
  }

  /** Releases the routes. Exchanges that captured this snapshot keep their leases. */
  release(): void {
    for (const bound of this.bound) bound.release();
    this.#dynamic?.close();
  }
}
