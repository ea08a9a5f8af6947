import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';

import type { Clock } from '@ocelot/core';

/** Options of {@link webSocketRelay}. What a route can decide is not here but in its `Gateway` section. */
export interface WebSocketRelayOptions {
  /**
   * How long a handshake may take until a route is known, in milliseconds; then the route's `HandshakeTimeoutMs` counts,
   * from the beginning. 0: no limit.
   * @default 10000
   */
  readonly handshakeMs?: number;
  /**
   * Which upgrades of the server are the gateway's, decided at once and before the socket is touched. What it declines
   * is left to the server's other `upgrade` (over HTTP/2 `connect`) listeners, and one of them must answer it: for a
   * gateway beside an application that has WebSockets of its own.
   * @default every upgrade
   */
  accepts?(request: IncomingMessage | Http2ServerRequest): boolean;
  /**
   * Certificates to trust in backends and to show to them, as in `tls.createSecureContext`, on routes without
   * `Gateway.BackendTls`; what such a route names takes the place of the same one here.
   * @default Node's own
   */
  readonly backendTls?: SecureContextOptions;
  /**
   * Reads and writes plain TCP sockets below Node's streams, where a trial at the start shows that this works: it
   * costs less (docs/architecture/performance.md). Off, or on TLS and Windows, the public stream interface is used.
   * @default true
   */
  readonly directIo?: boolean;
  /** @default systemClock */
  readonly clock?: Clock;
  /** From 0 to 1: spreads the ends of sessions that have a longest lifetime. @default Math.random */
  readonly random?: () => number;
}
