import { type BalancingPolicy, createEndpoint, type EndpointLoad, type EndpointFields } from '@ocelot/core';
import { testRequest } from '@ocelot/core/testing';

/** An endpoint whose leases the pool counts. */
interface Counted extends EndpointLoad {
  inFlight: number;
}

/** An endpoint in short: `host:port`. */
export function at(address: string, more: Partial<EndpointFields> = {}): EndpointFields {
  const [host = '', port] = address.split(':');
  return { host, port: Number(port), ...more };
}

/** What the gateway's pool does around a policy: keeps endpoints, counts leases, leaves tried ones out. */
export class SimulatedPool {
  readonly #policy: BalancingPolicy;
  #candidates: readonly Counted[] = [];

  constructor(policy: BalancingPolicy) {
    this.#policy = policy;
  }

  update(endpoints: readonly EndpointFields[]): void {
    const known = this.#candidates;
    this.#candidates = endpoints.map((fields) => {
      const kept = known.find(({ endpoint }) => endpoint.host === fields.host && endpoint.port === fields.port);
      return Object.assign(kept ?? { inFlight: 0 }, { endpoint: createEndpoint(fields) });
    });
  }

  /** Leases an endpoint and returns its address; undefined when there is none. */
  lease(
    options: { readonly cookie?: string | undefined; readonly tried?: readonly string[] } = {},
  ): string | undefined {
    const { cookie, tried } = options;
    const candidates =
      tried === undefined
        ? this.#candidates
        : this.#candidates.filter((candidate) => !tried.includes(addressOf(candidate)));
    if (candidates.length === 0) return undefined;
    const picked = this.#policy.pick(candidates, testRequest(cookie === undefined ? {} : { headers: { cookie } }), '');
    const counted = candidates.find((candidate) => candidate === picked);
    if (counted === undefined) throw new Error('the policy picked no candidate');
    counted.inFlight += 1;
    return addressOf(counted);
  }

  release(address: string): void {
    const counted = this.#candidates.find((candidate) => addressOf(candidate) === address);
    if (counted !== undefined) counted.inFlight -= 1;
  }

  /** Leases as often as said and returns the picks in short: the host only. */
  leaseHosts(times: number, options: Parameters<SimulatedPool['lease']>[0] = {}): string {
    return Array.from({ length: times }, () => this.lease(options)?.split(':')[0] ?? '-').join(' ');
  }

  inFlight(address: string): number {
    return this.#candidates.find((candidate) => addressOf(candidate) === address)?.inFlight ?? 0;
  }
}

function addressOf({ endpoint }: EndpointLoad): string {
  return `${endpoint.host}:${endpoint.port}`;
}
