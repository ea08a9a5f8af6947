import { type Gateway, GatewayError } from '@ocelot/core';

/** Clients that were told to come back are told when, in seconds. */
const RETRY_AFTER = '5';

/**
 * Counts the handshakes of one listener that are under way, for `Gateway.MaxPendingHandshakes`: a backend that never
 * answers keeps each of them for as long as `HandshakeTimeoutMs`. What comes before a request is the host's to limit.
 */
export class PendingHandshakes {
  readonly #gateway: Gateway;
  #count = 0;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** One more has begun, also one that is refused; each is followed by {@link end}. */
  begin(): void {
    this.#count += 1;
  }

  /** One is decided. */
  end(): void {
    this.#count -= 1;
  }

  /** @throws GatewayError TOO_MANY_CONNECTIONS when the one that has begun last is one too many. */
  assertRoom(): void {
    const { maxPendingHandshakes: limit } = this.#gateway.settings.listener;
    if (limit === 0 || this.#count <= limit) return;
    throw new GatewayError('OCELOT_ERR_TOO_MANY_CONNECTIONS', {
      message: 'The gateway has as many unfinished handshakes as it may.',
      details: { pending: this.#count - 1, limit },
      headers: { 'Retry-After': RETRY_AFTER },
    });
  }
}
