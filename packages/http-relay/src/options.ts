import type { SecureContextOptions } from 'node:tls';

import type { Clock } from '@ocelot/core';

/** Options of {@link httpRequestRelay}. What a route can decide is not here but in its keys. */
export interface HttpRelayOptions {
  /** Certificates to trust in backends and to show to them, as in `tls.createSecureContext`. @default Node's own */
  readonly backendTls?: SecureContextOptions;
  /**
   * How long a connection to a backend is kept without a request, in milliseconds; less when the backend's `Keep-Alive`
   * says so.
   * @default 4000
   */
  readonly keepAliveMs?: number;
  /** @default systemClock */
  readonly clock?: Clock;
}
