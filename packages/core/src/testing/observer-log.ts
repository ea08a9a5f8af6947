import type { EndpointObserver } from '../contracts/discovery.js';
import type { Endpoint } from '../contracts/endpoint.js';

/** An observer that keeps what it is told. */
export class ObserverLog implements EndpointObserver {
  /** Every set delivered, oldest first. */
  readonly sets: (readonly Endpoint[])[] = [];
  readonly errors: Error[] = [];
  /** Runs at each call, after it was kept. */
  onCall: (() => void) | undefined;

  next(endpoints: readonly Endpoint[]): void {
    this.sets.push(endpoints);
    this.onCall?.();
  }

  failed(error: Error): void {
    this.errors.push(error);
    this.onCall?.();
  }

  get calls(): number {
    return this.sets.length + this.errors.length;
  }

  /** The last set as sorted `host:port` texts; undefined before the first. */
  get addresses(): readonly string[] | undefined {
    return this.sets
      .at(-1)
      ?.map((endpoint) => `${endpoint.host}:${endpoint.port}`)
      .toSorted();
  }

  /** Whether the last set consists of exactly these `host:port` texts, in any order. */
  holds(addresses: readonly string[]): boolean {
    return this.addresses?.join() === addresses.toSorted().join();
  }
}
