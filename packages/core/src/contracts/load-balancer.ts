import type { Clock } from './clock.js';
import type { Endpoint, EndpointLoad } from './endpoint.js';
import type { OutgoingHeaders } from './exchange.js';
import type { GatewayMember, NoteChannel } from './gateway-group.js';
import type { JsonObject } from './json.js';
import type { GatewayRequest } from './request.js';

/**
 * Chooses one endpoint for one request: what `@ocelot/lb` and users write.
 *
 * An implementation must be synchronous, must do no I/O and must not count: the pool counts leases. It may keep state
 * of its own (an index, a table of sessions); one instance serves one pool and survives reloads while a route uses it.
 */
export interface BalancingPolicy {
  /**
   * Picks one of `candidates`.
   *
   * May assume that `candidates` is never empty, and that its identity changes only when membership does, so tables
   * derived from it can be cached on it. (A retry passes a shorter array of its own, without the endpoints tried.)
   * Must return an element of `candidates`.
   * @param clientAddress The client's IP address behind trusted proxies ({@link Exchange.clientAddress}); empty when
   *   unknown.
   */
  pick(candidates: readonly EndpointLoad[], request: GatewayRequest, clientAddress: string): EndpointLoad;
  /**
   * Marks the answer of the endpoint that served a request, so that the client comes back to it: an affinity cookie.
   * Called once per answer of a backend, HTTP or 101, with the headers that the client will get.
   */
  mark?(endpoint: Endpoint, request: GatewayRequest, answer: OutgoingHeaders): void;
  /** Frees timers and tables; called once, when no route uses the pool any more. */
  close?(): void;
}

/** What a policy may use besides its options. */
export interface BalancingContext {
  readonly clock: Clock;
  /** Uniform in [0, 1). Injected, so that tests can script it. */
  readonly random: () => number;
  /**
   * Set when several gateways share the work: start at different places, and choose alike where a client must meet the
   * same endpoint through each of them. `inFlight` counts the leases of all members then.
   */
  readonly member?: GatewayMember;
  /**
   * Set with `member` where members can tell each other things: opens the way to the same policy in the others. At most
   * once for each policy, which closes it in its own `close`.
   */
  readonly notes?: (heard: (note: string) => void) => NoteChannel;
  /**
   * Names the backends of the pool: the same text for every route to the same service, or to a fixed list with the same
   * first endpoint, in every gateway and after a restart. For what clients carry, so that routes to different backends
   * do not take it for their own. Absent outside a gateway.
   */
  readonly service?: string;
}

/**
 * Makes a policy for one pool.
 * @param options `LoadBalancerOptions` as written, keys in Ocelot's own spelling.
 * @throws Error when an option cannot be used: the configuration is then refused with that message.
 */
export type BalancingPolicyFactory = (options: JsonObject, context: BalancingContext) => BalancingPolicy;
