import {
  type BalancingPolicy,
  createEndpoint,
  type EndpointLoad,
  type EndpointFields,
  type GatewayRequest,
} from '@ocelot/core';
import { testAnswer, testRequest } from '@ocelot/core/testing';

/** An endpoint whose leases the pool counts. */
interface Counted extends EndpointLoad {
  inFlight: number;
}

/** An endpoint in short: `host:port`. */
export function at(address: string, more: Partial<EndpointFields> = {}): EndpointFields {
  const [host = '', port] = address.split(':');
  return { host, port: Number(port), ...more };
}

/** What of a request policies look at. */
export interface SimulatedRequest {
  readonly cookie?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly query?: string;
  readonly tls?: boolean;
  readonly clientAddress?: string;
  /** Endpoints that failed for it already. */
  readonly tried?: readonly string[];
}

function requestOf({ cookie, headers, path, query, tls }: SimulatedRequest): GatewayRequest {
  return testRequest({
    headers: { ...(cookie === undefined ? {} : { cookie }), ...headers },
    path: path ?? '/',
    query: query ?? '',
    tls: tls ?? false,
  });
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
  lease(options: SimulatedRequest = {}): string | undefined {
    const { tried = [], clientAddress = '' } = options;
    const candidates =
      tried.length === 0
        ? this.#candidates
        : this.#candidates.filter((candidate) => !tried.includes(addressOf(candidate)));
    if (candidates.length === 0) return undefined;
    const picked = this.#policy.pick(candidates, requestOf(options), clientAddress);
    const counted = candidates.find((candidate) => candidate === picked);
    if (counted === undefined) throw new Error('the policy picked no candidate');
    counted.inFlight += 1;
    return addressOf(counted);
  }

  /** Lets an endpoint answer a request, and gives the headers back as the client gets them. */
  answer(address: string, options: SimulatedRequest = {}, headers: readonly string[] = []): readonly string[] {
    const counted = this.#candidates.find((candidate) => addressOf(candidate) === address);
    if (counted === undefined) throw new Error(`${address} is no candidate`);
    const answer = testAnswer(headers);
    this.#policy.mark?.(counted.endpoint, requestOf(options), answer);
    this.release(address);
    return answer.raw;
  }

  release(address: string): void {
    const counted = this.#candidates.find((candidate) => addressOf(candidate) === address);
    if (counted !== undefined) counted.inFlight -= 1;
  }

  /** Leases as often as said and returns the picks in short: the host only. */
  leaseHosts(times: number, options: SimulatedRequest = {}): string {
    return Array.from({ length: times }, () => this.lease(options)?.split(':')[0] ?? '-').join(' ');
  }

  inFlight(address: string): number {
    return this.#candidates.find((candidate) => addressOf(candidate) === address)?.inFlight ?? 0;
  }
}

function addressOf({ endpoint }: EndpointLoad): string {
  return `${endpoint.host}:${endpoint.port}`;
}
