import type { ConnectionAnswer, ConnectionClaim, ConnectionLedger } from '../contracts/connection-ledger.js';

/** A ledger that counts in this process and answers at once. */
export interface LocalLedger extends ConnectionLedger {
  claim(claim: ConnectionClaim): ConnectionAnswer;
  /** Routes with an open connection. */
  readonly routes: number;
}

/** How many connections of one route are open, in all and by address. */
class RouteCount {
  total = 0;
  readonly byAddress = new Map<string, number>();
}

/**
 * Makes the ledger that a gateway uses by itself. One of them can serve several gateways, which then share their
 * limits. Keeps nothing of routes and addresses without connections, and outlives reloads, as connections do.
 */
export function createConnectionLedger(): LocalLedger {
  const counts = new Map<string, RouteCount>();
  const leave = (count: RouteCount, { route, address }: ConnectionClaim): void => {
    count.total -= 1;
    const left = (count.byAddress.get(address) ?? 0) - 1;
    if (left > 0) count.byAddress.set(address, left);
    else count.byAddress.delete(address);
    if (count.total === 0) counts.delete(route);
  };
  return {
    get routes() {
      return counts.size;
    },
    claim(claim) {
      const { route, address, maxConnections, maxConnectionsPerIp } = claim;
      const count = counts.get(route) ?? new RouteCount();
      if (maxConnections > 0 && count.total >= maxConnections)
        return { granted: false, limit: 'route', open: count.total };
      const ofAddress = count.byAddress.get(address) ?? 0;
      if (maxConnectionsPerIp > 0 && ofAddress >= maxConnectionsPerIp)
        return { granted: false, limit: 'address', open: ofAddress };
      counts.set(route, count);
      count.total += 1;
      count.byAddress.set(address, ofAddress + 1);
      let isOpen = true;
      return {
        granted: true,
        release() {
          if (!isOpen) return;
          isOpen = false;
          leave(count, claim);
        },
      };
    },
  };
}
