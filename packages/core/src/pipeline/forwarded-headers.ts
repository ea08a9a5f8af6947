import type { OutgoingHeaders } from '../contracts/exchange.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { ForwardedHeaders } from '../contracts/route.js';
import type { ClientIdentity } from './client-address.js';
import { writeForwarded } from './forwarded-elements.js';
import { normalizeIpAddress } from './ip-ranges.js';

/**
 * Tells the backend about the client. `X-Forwarded-For` and `Forwarded` (RFC 7239) get the TCP peer's address added,
 * `X-Forwarded-Proto` and `-Host` are what the first trusted hop saw.
 *
 * From a peer outside `TrustedProxies` nothing of the kind is believed: every `X-Forwarded-*` and `Forwarded` it sent is
 * removed first, whichever of them is written then. What a trusted peer sent is kept and added to. With `off` nothing is
 * written and nothing removed. Spellings with `_` are gone already: {@link createOutgoingHead} never takes them over.
 *
 * Reads the chain from the request, not from `headers`: a client cannot have it removed by naming it in `Connection`.
 */
export function applyForwardedHeaders(
  mode: ForwardedHeaders,
  headers: OutgoingHeaders,
  request: GatewayRequest,
  client: ClientIdentity,
): void {
  if (mode === 'off') return;
  if (!client.isPeerTrusted) removeClaims(headers);
  const peer = normalizeIpAddress(request.client.address) ?? '';
  const before = (name: string): string | undefined => (client.isPeerTrusted ? request.header(name) : undefined);
  if (mode !== 'forwarded') {
    const chain = [before('x-forwarded-for'), peer].filter((part) => part !== undefined && part !== '').join(', ');
    if (chain !== '') headers.set('X-Forwarded-For', chain);
    headers.set('X-Forwarded-Proto', before('x-forwarded-proto') ?? client.proto);
    const host = before('x-forwarded-host') ?? client.host;
    if (host !== '') headers.set('X-Forwarded-Host', host);
  }
  if (mode !== 'x-forwarded') {
    const own = writeForwarded(peer, request.client.tls ? 'https' : 'http', request.authority);
    const chain = before('forwarded');
    headers.set('Forwarded', chain === undefined || chain === '' ? own : `${chain}, ${own}`);
  }
}

/** Everything by which a proxy tells about a client. */
const CLAIM = /^(?:x-forwarded-.*|forwarded)$/i;

function removeClaims(headers: OutgoingHeaders): void {
  const names = headers.raw.filter((text, index) => index % 2 === 0 && CLAIM.test(text));
  for (const name of names) headers.delete(name);
}
