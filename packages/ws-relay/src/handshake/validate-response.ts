import { GatewayError } from '@ocelot/core';

import { acceptKey } from './accept-key.js';
import { type Extension, readExtensions } from './extensions.js';
import { deflateFault, PERMESSAGE_DEFLATE } from './permessage-deflate.js';
import type { ResponseHead } from './response-head.js';
import { hasToken, headerValues, listElements } from '@ocelot/relay-kit';

/** What the backend was offered. */
export interface HandshakeOffer {
  readonly key: string;
  readonly protocols: readonly string[];
  readonly extensions: readonly Extension[];
}

/**
 * Checks a backend's 101 (RFC 6455 §4.1, the list behind "once the server's opening handshake has been received").
 * Nothing of it may reach the client unless this passes: a tunnel to something that is no WebSocket server hands the
 * connection to whoever reads it next.
 * @returns the names of the extensions in use.
 * @throws GatewayError BACKEND_HANDSHAKE_INVALID naming the fault in `details`.
 */
export function validateSwitch(head: ResponseHead, offer: HandshakeOffer): readonly string[] {
  const { rawHeaders } = head;
  const values = (name: string): readonly string[] => headerValues(rawHeaders, name);
  if (head.httpMinor !== 1) throw fault('switches protocols in HTTP/1.0');
  const upgrade = listElements(values('upgrade'));
  if (upgrade.length !== 1 || upgrade[0]?.toLowerCase() !== 'websocket') throw fault('does not upgrade to websocket');
  if (!hasToken(values('connection'), 'upgrade')) throw fault('does not name upgrade in Connection');
  const accept = values('sec-websocket-accept');
  if (accept.length !== 1) throw fault(accept.length === 0 ? 'sends no accept key' : 'sends several accept keys');
  if (accept[0] !== acceptKey(offer.key)) throw fault('sends a wrong accept key');
  const protocols = values('sec-websocket-protocol');
  if (protocols.length > 1 || (protocols[0] !== undefined && !offer.protocols.includes(protocols[0]))) {
    throw fault('chooses a subprotocol that was not offered');
  }
  const extensions = readExtensions(values('sec-websocket-extensions'));
  checkExtensions(extensions, offer.extensions);
  return extensions.map(({ name }) => name);
}

/** RFC 6455 §4.1 and §9.1: what was offered, no more often than offered, in the grammar. */
function checkExtensions(accepted: readonly Extension[], offered: readonly Extension[]): void {
  const left = new Map<string, number>();
  for (const { name } of offered) left.set(name, (left.get(name) ?? 0) + 1);
  for (const extension of accepted) {
    const { name } = extension;
    if (!extension.isWellFormed) throw fault('sends a malformed Sec-WebSocket-Extensions');
    const count = left.get(name) ?? 0;
    if (count === 0) throw fault('chooses an extension that was not offered, or not as often');
    // Several offers of permessage-deflate are variants of one: it cannot be in use twice (RFC 7692 §5.1).
    left.set(name, name === PERMESSAGE_DEFLATE ? 0 : count - 1);
    if (name !== PERMESSAGE_DEFLATE) continue;
    const wrong = deflateFault(
      extension,
      offered.filter((offer) => offer.name === PERMESSAGE_DEFLATE),
    );
    if (wrong !== undefined) throw fault(wrong);
  }
}

function fault(what: string): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_HANDSHAKE_INVALID', { details: { fault: `the backend ${what}` } });
}
