import { GatewayError } from '@ocelot/core';
import { headerValues, isToken, listElements } from '@ocelot/relay-kit';

// What a handshake offers is the same over HTTP/1.1 (RFC 6455 §4.1) and over HTTP/2 (RFC 8441 §5).

/** The only version there is (RFC 6455 §4.1). */
export const WEBSOCKET_VERSION = '13';

/** @throws GatewayError UPGRADE_INVALID when the handshake has a body. */
export function refuseBody(rawHeaders: readonly string[]): void {
  const lengths = headerValues(rawHeaders, 'content-length');
  if (headerValues(rawHeaders, 'transfer-encoding').length > 0 || lengths.some((length) => !/^0+$/.test(length))) {
    throw invalidHandshake('A WebSocket handshake has no body.');
  }
}

/**
 * The value of a header that may come once.
 * @throws GatewayError UPGRADE_INVALID when it is there more than once.
 */
export function singleHeader(rawHeaders: readonly string[], name: string): string | undefined {
  const values = headerValues(rawHeaders, name.toLowerCase());
  if (values.length > 1) throw invalidHandshake(`There is more than one ${name} header.`);
  return values[0];
}

/**
 * The subprotocols in the client's order.
 * @throws GatewayError UPGRADE_INVALID when they are no list of different tokens.
 */
export function offeredProtocols(rawHeaders: readonly string[]): readonly string[] {
  const lines = headerValues(rawHeaders, 'sec-websocket-protocol');
  const protocols = listElements(lines);
  const isUnique = new Set(protocols).size === protocols.length;
  if (!isUnique || !protocols.every(isToken) || (lines.length > 0 && protocols.length === 0)) {
    throw invalidHandshake('Sec-WebSocket-Protocol is not a list of different tokens (RFC 6455 §4.1).');
  }
  return protocols;
}

/** A handshake that cannot be served. @param message The client sees it. */
export function invalidHandshake(
  message: string,
  status = 400,
  headers: Readonly<Record<string, string>> = {},
): GatewayError {
  return new GatewayError('OCELOT_ERR_UPGRADE_INVALID', { message, status, headers });
}
