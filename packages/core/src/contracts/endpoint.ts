import type { Scheme } from './route.js';

/**
 * One backend address. Two endpoints are the same backend when `host` and `port` are equal, whatever else differs
 * (Ocelot: ServiceHostAndPort).
 */
export interface Endpoint {
  /** Host name or IP address, an IPv6 address without brackets; or `unix:/path` of a Unix-domain socket, with port 0. */
  readonly host: string;
  readonly port: number;
  /** Used only when the route names no scheme. */
  readonly scheme?: Scheme;
  /** Relative share for policies that know weights; 1 is ordinary, 0 means "not for new work". */
  readonly weight: number;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** An endpoint and what it carries now: what a balancing policy chooses among. */
export interface EndpointLoad {
  readonly endpoint: Endpoint;
  /** Leases taken and not released, for WebSockets open sockets; with those of other members of a gateway group. */
  readonly inFlight: number;
}

/** Right to use one endpoint until `release`. */
export interface Lease {
  readonly endpoint: Endpoint;
  /** Gives the lease back. Idempotent; never throws. */
  release(): void;
}
