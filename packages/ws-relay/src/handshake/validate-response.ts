import { GatewayError } from '@ocelot/core';

import { acceptKey } from './accept-key.js';
import type { ResponseHead } from './response-head.js';
import { extensionNames, hasToken, headerValues, listElements } from './tokens.js';

/** What the backend was offered. */
export interface HandshakeOffer {
  readonly key: string;
  readonly protocols: readonly string[];
  /** Names in lower case. */
  readonly extensions: readonly string[];
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
  const extensions = extensionNames(values('sec-websocket-extensions'));
  if (!extensions.every((name) => count(extensions, name) <= count(offer.extensions, name))) {
    throw fault('chooses an extension that was not offered, or not as often');
  }
  return extensions;
}

function count(names: readonly string[], wanted: string): number {
  return names.filter((name) => name === wanted).length;
}

function fault(what: string): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_HANDSHAKE_INVALID', { details: { fault: `the backend ${what}` } });
}
