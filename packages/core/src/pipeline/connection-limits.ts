import type { Route } from '../contracts/route.js';
import type { Stage } from '../contracts/stage.js';
import { GatewayError } from '../errors/gateway-error.js';
import { addressGroup } from './address-group.js';

/** Clients that were told to come back are told when, in seconds: limits clear as sockets close. */
const RETRY_AFTER = '5';

/** How many upgrades of one route are open, in all and by client address. Outlives reloads: sessions do. */
export class ConnectionCount {
  total = 0;
  readonly #byAddress = new Map<string, number>();

  /** Distinct addresses with an open connection. */
  get addresses(): number {
    return this.#byAddress.size;
  }

  of(address: string): number {
    return this.#byAddress.get(address) ?? 0;
  }

  add(address: string): void {
    this.total += 1;
    this.#byAddress.set(address, this.of(address) + 1);
  }

  remove(address: string): void {
    this.total -= 1;
    const left = this.of(address) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

/**
 * The stage behind `Gateway.MaxConnections` (503) and `Gateway.MaxConnectionsPerIp` (429); an IPv6 client counts by
 * its /64, since that is what one client is given.
 * @returns undefined when the route has no limit.
 */
export function connectionLimits(route: Route, count: ConnectionCount): Stage | undefined {
  const { maxConnections, maxConnectionsPerIp } = route.limits;
  if (maxConnections === 0 && maxConnectionsPerIp === 0) return undefined;
  return (exchange) => {
    if (exchange.request.kind !== 'upgrade') return;
    const address = addressGroup(exchange.clientAddress);
    if (maxConnections > 0 && count.total >= maxConnections) {
      throw new GatewayError('OCELOT_ERR_TOO_MANY_CONNECTIONS', {
        details: { open: count.total, limit: maxConnections },
        headers: { 'Retry-After': RETRY_AFTER },
      });
    }
    if (maxConnectionsPerIp > 0 && count.of(address) >= maxConnectionsPerIp) {
      throw new GatewayError('OCELOT_ERR_RATE_LIMITED', {
        details: { address, open: count.of(address), limit: maxConnectionsPerIp },
        headers: { 'Retry-After': RETRY_AFTER },
      });
    }
    count.add(address);
    exchange.defer(() => count.remove(address));
  };
}
