import type { GatewayRequest } from '../contracts/request.js';
import { type ForwardedElement, readForwarded, readHost, readNode, readProto } from './forwarded-elements.js';
import { normalizeIpAddress } from './ip-ranges.js';

/** Who the client is, as far as it can be believed. */
export interface ClientIdentity {
  /** IP address in its normal form; empty when unknown. */
  readonly address: string;
  /** How the client reached the first trusted hop. */
  readonly proto: 'http' | 'https';
  /** The host the client asked for, with its port, as written. */
  readonly host: string;
  /** Whether the TCP peer is a trusted proxy, so that what it says was believed. */
  readonly isPeerTrusted: boolean;
}

/**
 * Finds the client behind trusted proxies. The peer of the connection counts unless it is trusted; then the chain in
 * `X-Forwarded-For`, or without one in `Forwarded` (RFC 7239 §5.2), is walked from the right: the first address that is
 * not trusted is the client's. What stands left of it is the client's own word and is not looked at. An entry that is no
 * address (`unknown`, `_hidden`) ends the walk at the hop before it.
 *
 * Where both headers are present the first one counts: almost every proxy writes it, and those that do not write
 * `Forwarded` let a client's own pass.
 *
 * @param isTrusted `GlobalConfiguration.Gateway.TrustedProxies`, compiled by {@link compileTrustedPeers}.
 */
export function resolveClientAddress(request: GatewayRequest, isTrusted: (address: string) => boolean): ClientIdentity {
  const address = normalizeIpAddress(request.client.address) ?? request.client.address;
  const proto = request.client.tls ? 'https' : 'http';
  const direct: ClientIdentity = { address, proto, host: request.authority, isPeerTrusted: false };
  if (!isTrusted(address)) return direct;
  const believed = { ...direct, isPeerTrusted: true };
  const chain = readChain(request);
  let found: ClientIdentity = believed;
  for (let index = chain.length - 1; index >= 0; index -= 1) {
    const element = chain[index];
    const hop = element?.address;
    if (element === undefined || hop === undefined) return found;
    found = {
      address: hop,
      proto: element.proto ?? found.proto,
      host: element.host ?? found.host,
      isPeerTrusted: true,
    };
    if (!isTrusted(hop)) return found;
  }
  // No address at all, or trusted ones only: protocol and host of the peer may still stand in lines of their own.
  return chain.length > 0 ? found : { ...believed, ...alone(request, believed) };
}

function readChain(request: GatewayRequest): readonly ForwardedElement[] {
  const forwardedFor = request.header('x-forwarded-for');
  if (forwardedFor === undefined) return readForwarded(request.header('forwarded') ?? '');
  const addresses = list(forwardedFor);
  const protos = list(request.header('x-forwarded-proto'));
  const hosts = list(request.header('x-forwarded-host'));
  return addresses.map((text, index) => ({
    address: readNode(text),
    proto: readProto(pick(protos, index, addresses.length)),
    host: readHost(pick(hosts, index, addresses.length)),
  }));
}

function alone(request: GatewayRequest, identity: ClientIdentity): Partial<ClientIdentity> {
  return {
    proto: readProto(list(request.header('x-forwarded-proto')).at(-1)) ?? identity.proto,
    host: readHost(list(request.header('x-forwarded-host')).at(-1)) ?? identity.host,
  };
}

/** Lists of equal length were written by the same hops; of any other the last value, from the nearest hop, counts. */
function pick(values: readonly string[], index: number, length: number): string | undefined {
  return values.length === length ? values[index] : values.at(-1);
}

function list(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(',').map((item) => item.trim());
}
