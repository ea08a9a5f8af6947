import { type Clock, GatewayError, type Timer } from '@ocelot/core';

/** The time limit of one handshake, from its request to the backend's 101. */
export interface HandshakeDeadline {
  /** The route is known: its limit counts from the beginning, and what takes long from here on is the backend. */
  admitted(limitMs: number): void;
  /** Idempotent. */
  clear(): void;
}

/** Aborts with HANDSHAKE_TIMEOUT, or with BACKEND_TIMEOUT once admitted. A limit of 0 is none. */
export function handshakeDeadline(clock: Clock, limitMs: number, abort: AbortController): HandshakeDeadline {
  const startedMs = clock.now();
  let timer: Timer | undefined;
  const arm = (ms: number, error: () => GatewayError): void => {
    timer?.clear();
    timer = ms > 0 ? clock.setTimer(Math.max(1, startedMs + ms - clock.now()), () => abort.abort(error())) : undefined;
  };
  arm(limitMs, () => new GatewayError('OCELOT_ERR_HANDSHAKE_TIMEOUT', { details: { limitMs } }));
  return {
    admitted(routeMs) {
      arm(routeMs, () => {
        const details = { reason: `no answer to the handshake within ${routeMs} ms` };
        return new GatewayError('OCELOT_ERR_BACKEND_TIMEOUT', { details });
      });
    },
    clear: () => timer?.clear(),
  };
}
