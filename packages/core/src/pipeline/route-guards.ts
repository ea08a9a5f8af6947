// On the way of every request of a route with guards, and of no other: `filter`, `begin`, `mayRetry`. Nothing is
// allocated but the list of those who watch an attempt.
import type { AttemptWatch, RouteGuard } from '../contracts/endpoint-guard.js';
import type { Endpoint, EndpointLoad } from '../contracts/endpoint.js';
import type { Exchange } from '../contracts/exchange.js';
import type { Logger } from '../contracts/logger.js';
import { GatewayError } from '../errors/gateway-error.js';

/** A guard of one route, with the name it was registered under. */
export interface BoundGuard {
  readonly name: string;
  readonly guard: RouteGuard;
}

/**
 * The guards of one route, at least one, in the order of registration. What one throws while it decides refuses the
 * request; what it throws while it is told something is logged.
 */
export class RouteGuards {
  readonly #guards: readonly BoundGuard[];
  readonly #log: Logger;

  constructor(guards: readonly BoundGuard[], log: Logger) {
    this.#guards = guards;
    this.#log = log;
  }

  /** The endpoints that every guard lets through. */
  filter(candidates: readonly EndpointLoad[]): readonly EndpointLoad[] {
    let left = candidates;
    for (const { guard } of this.#guards) {
      left = guard.filter(left);
      if (left.length === 0) return left;
    }
    return left;
  }

  /**
   * What a request is refused with that no endpoint was left for.
   * @param candidates What there was to choose from.
   */
  refusal(candidates: readonly EndpointLoad[], exchange: Exchange): GatewayError {
    let left = candidates;
    for (const { guard } of this.#guards) {
      const before = left.length;
      left = guard.filter(left);
      if (before === 0 || left.length > 0) continue;
      return guard.unavailable?.(exchange) ?? new GatewayError('OCELOT_ERR_NO_ENDPOINT');
    }
    return new GatewayError('OCELOT_ERR_NO_ENDPOINT');
  }

  mayRetry(cause: GatewayError, exchange: Exchange): boolean {
    return this.#guards.every(({ guard }) => guard.mayRetry?.(cause, exchange) !== false);
  }

  /** Who wants to know how the attempt ends. */
  begin(endpoint: Endpoint, exchange: Exchange): readonly AttemptWatch[] {
    const watches: AttemptWatch[] = [];
    for (const bound of this.#guards) {
      this.#tell(bound.name, () => {
        const watch = bound.guard.begin?.(endpoint, exchange);
        if (watch !== undefined) watches.push((end) => this.#tell(bound.name, () => watch(end)));
      });
    }
    return watches;
  }

  /** Tells the whole present set. */
  endpoints(endpoints: readonly Endpoint[]): void {
    for (const { name, guard } of this.#guards) this.#tell(name, () => guard.endpoints?.(endpoints));
  }

  /** The route is replaced or gone. */
  close(): void {
    for (const { name, guard } of this.#guards) this.#tell(name, () => guard.close?.());
  }

  #tell(guard: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#log.error({ err: error, guard }, 'a guard of endpoints failed');
    }
  }
}
