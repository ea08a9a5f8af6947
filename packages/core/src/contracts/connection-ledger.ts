/** One upgrade that asks for its place under `Gateway.MaxConnections` and `Gateway.MaxConnectionsPerIp`. */
export interface ConnectionClaim {
  /** What is counted together: the id of a route, or a name of a plugin's own that is no id of a route. */
  readonly route: string;
  /** Whose connection it is: an IPv4 address, or the /64 of an IPv6 one; a plugin may tell clients apart otherwise. */
  readonly address: string;
  /** Most open connections of the route; 0: no limit. */
  readonly maxConnections: number;
  /** Most open connections of the route from this address; 0: no limit. */
  readonly maxConnectionsPerIp: number;
}

/** A place that is taken until `release`, or the limit that was reached and how many are open under it. */
export type ConnectionAnswer =
  | {
      readonly granted: true;
      /** Gives the place back. Idempotent; never throws. */
      readonly release: () => void;
    }
  | { readonly granted: false; readonly limit: 'route' | 'address'; readonly open: number };

/**
 * Counts the connections of routes with limits: for whoever runs several gateways behind one address and wants one
 * count for all of them. Asked once per upgrade, only on routes that have such a limit.
 */
export interface ConnectionLedger {
  /**
   * Takes a place or says why there is none. Must answer in bounded time; a request whose client left meanwhile gives
   * its place back by itself.
   * @throws GatewayError (also as a rejection) when it cannot be known: the upgrade is refused with it.
   */
  claim(claim: ConnectionClaim): ConnectionAnswer | Promise<ConnectionAnswer>;
}
