// Hot path: `pick` and `mark` run once per request; they read one header and look one value up.
import { randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type {
  BalancingContext,
  BalancingPolicy,
  BalancingPolicyFactory,
  Endpoint,
  EndpointLoad,
  GatewayRequest,
  JsonObject,
  OutgoingHeaders,
} from '@ocelot/core';

import { type AffinityOptions, readAffinityOptions } from './affinity-options.js';
import { AffinitySigner } from './affinity-signer.js';
import { cookieValues } from './cookie-value.js';
import { leastConnection } from './least-connection.js';
import { roundRobin } from './round-robin.js';

/** What the name of the cookie begins with unless `Key` says the whole of it. */
const DEFAULT_NAME = 'ocelot-affinity';

/**
 * Makes the policy that sends a client back to the endpoint that it met first, by a cookie of the gateway's own:
 * signed, `HttpOnly`, without any backend address in it. Nothing is stored: what a client carries is all there is, so
 * with a `Secret` it survives restarts and holds for any number of gateways.
 *
 * Options: `Key`, name of the cookie (default `ocelot-affinity-…`, another one for each service); `Secret`, at least 16
 * characters; `Expiry` in milliseconds, prolonged by each answer (default: until the browser is closed); `Path` (default
 * `/`); `Domain`; `SameSite` (`Lax`, `Strict`, `None`); `Secure` (default: as the client's own connection is encrypted);
 * `Policy`, who chooses for new clients (`RoundRobin`, `LeastConnection`).
 *
 * An endpoint that left, or failed for this request, is replaced by another one, and the answer says so to the client;
 * one whose weight fell to 0 keeps its clients and gets no new ones. The cookie goes to the backend like any other.
 *
 * @param ownKey Signs the cookies of pools that have no `Secret`; made by {@link lb} once per gateway, so that they
 *   outlive reloads. Members of a group take the secret of the group instead.
 */
export function affinityCookie(ownKey: Uint8Array = randomBytes(32)): BalancingPolicyFactory {
  return (options, context) => new AffinityCookie(options, context, ownKey);
}

class AffinityCookie implements BalancingPolicy {
  readonly #options: AffinityOptions;
  readonly #signer: AffinitySigner;
  readonly #others: BalancingPolicy;
  readonly #name: string;

  constructor(options: JsonObject, context: BalancingContext, ownKey: Uint8Array) {
    this.#options = readAffinityOptions(options);
    this.#signer = new AffinitySigner(keyOf(this.#options.secret, context, ownKey));
    this.#others = (this.#options.policy === 'RoundRobin' ? roundRobin : leastConnection)({}, context);
    const { service } = context;
    this.#name =
      this.#options.name ?? (service === undefined ? DEFAULT_NAME : `${DEFAULT_NAME}-${this.#signer.nameFor(service)}`);
  }

  pick(candidates: readonly EndpointLoad[], request: GatewayRequest, clientAddress: string): EndpointLoad {
    for (const value of cookieValues(request.header('cookie'), this.#name)) {
      const known = this.#signer.find(candidates, value);
      if (known !== undefined) return known;
    }
    return this.#others.pick(candidates, request, clientAddress);
  }

  mark(endpoint: Endpoint, request: GatewayRequest, answer: OutgoingHeaders): void {
    const value = this.#signer.valueFor(endpoint);
    const { attributes, isRenewed, isSecure = request.client.tls } = this.#options;
    if (!isRenewed && cookieValues(request.header('cookie'), this.#name).includes(value)) return;
    answer.append('Set-Cookie', `${this.#name}=${value}${attributes}${isSecure ? '; Secure' : ''}`);
  }
}

/** @throws Error when members of a group would each sign with a key of their own. */
function keyOf(secret: string | undefined, { member }: BalancingContext, ownKey: Uint8Array): Uint8Array {
  const text = secret ?? member?.secret;
  if (text !== undefined) return utf8ToBytes(text);
  if (member === undefined || member.size === 1) return ownKey;
  throw new Error('Secret is needed where several gateways share the work: each would know only its own cookies.');
}
