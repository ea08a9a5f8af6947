// Entered and left once per client that is accepted before it said who it is.
import { addressGroup, type Exchange, GatewayError } from '@ocelot/core';

/**
 * Clients of one route that were accepted and still owe their first message. `MaxConnectionsPerIp` counts who was let
 * in; without a count of those who wait, one address could hold every handshake that the gateway allows
 * (`MaxPendingHandshakes`). Counted in this process, and by the same number.
 */
export class WaitingClients {
  readonly #most: number;
  readonly #byAddress = new Map<string, number>();

  /** @param most Of one address; 0: no limit. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Counts one more, until `leave` of what is returned. Before the client is accepted.
   * @throws GatewayError RATE_LIMITED when as many of its address wait already.
   */
  enter({ clientAddress }: Pick<Exchange, 'clientAddress'>): { leave(): void } {
    if (this.#most === 0) return { leave: () => {} };
    const address = addressGroup(clientAddress);
    const waiting = this.#byAddress.get(address) ?? 0;
    if (waiting >= this.#most) {
      throw new GatewayError('OCELOT_ERR_RATE_LIMITED', {
        message: 'Too many connections.',
        details: { address, open: waiting, limit: this.#most },
        headers: { 'Retry-After': '5' },
      });
    }
    this.#byAddress.set(address, waiting + 1);
    return { leave: () => this.#leave(address) };
  }

  #leave(address: string): void {
    const left = (this.#byAddress.get(address) ?? 0) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}
