import type { IncomingMessage } from 'node:http';

import {
  type ClientPeer,
  createGatewayRequest,
  createUpgradeRequest,
  GatewayError,
  type UpgradeRequest,
} from '@ocelot/core';

import { hasToken, headerValues, isToken, listElements } from '@ocelot/relay-kit';

/** The only version there is (RFC 6455 §4.1). */
const VERSION = '13';

/** 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Whether a request asks for a WebSocket: `Upgrade` lists `websocket`, in any case, on any of its lines. */
export function namesWebSocket(rawHeaders: readonly string[]): boolean {
  return hasToken(headerValues(rawHeaders, 'upgrade'), 'websocket');
}

/**
 * Checks a handshake (RFC 6455 §4.2.1, and §9.2 of RFC 9110 for what a GET may not carry) and makes the request that
 * stages and routing see.
 * @throws GatewayError UPGRADE_INVALID with 400, 405 (`Allow`) or 426 (`Sec-WebSocket-Version`).
 */
export function validateRequest(request: IncomingMessage, client: ClientPeer): UpgradeRequest {
  const { rawHeaders } = request;
  if (!namesWebSocket(rawHeaders)) throw invalid('Only upgrades to websocket are served here.');
  const method = request.method ?? '';
  if (method !== 'GET') {
    throw invalid(`A WebSocket handshake is a GET request, not ${method}.`, 405, { Allow: 'GET' });
  }
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor < 1) {
    throw invalid('A WebSocket handshake needs HTTP/1.1.');
  }
  if (!hasToken(headerValues(rawHeaders, 'connection'), 'upgrade')) {
    throw invalid('The Connection header does not name upgrade.');
  }
  refuseBody(rawHeaders);
  checkVersion(rawHeaders);
  const key = single(rawHeaders, 'Sec-WebSocket-Key');
  if (key === undefined || !KEY.test(key)) throw invalid('Sec-WebSocket-Key is missing or is not 16 bytes in base64.');
  const received = createGatewayRequest({ kind: 'upgrade', method, target: request.url ?? '', rawHeaders, client });
  return createUpgradeRequest(received, {
    key,
    protocols: offeredProtocols(rawHeaders),
    extensions: received.header('sec-websocket-extensions'),
  });
}

function refuseBody(rawHeaders: readonly string[]): void {
  const lengths = headerValues(rawHeaders, 'content-length');
  if (headerValues(rawHeaders, 'transfer-encoding').length > 0 || lengths.some((length) => !/^0+$/.test(length))) {
    throw invalid('A WebSocket handshake has no body.');
  }
}

function checkVersion(rawHeaders: readonly string[]): void {
  if (single(rawHeaders, 'Sec-WebSocket-Version') === VERSION) return;
  throw invalid('Only version 13 of the WebSocket protocol is served.', 426, {
    'Sec-WebSocket-Version': VERSION,
    Upgrade: 'websocket',
  });
}

/** @throws GatewayError UPGRADE_INVALID when the header is there more than once. */
function single(rawHeaders: readonly string[], name: string): string | undefined {
  const values = headerValues(rawHeaders, name.toLowerCase());
  if (values.length > 1) throw invalid(`There is more than one ${name} header.`);
  return values[0];
}

function offeredProtocols(rawHeaders: readonly string[]): readonly string[] {
  const lines = headerValues(rawHeaders, 'sec-websocket-protocol');
  const protocols = listElements(lines);
  const isUnique = new Set(protocols).size === protocols.length;
  if (!isUnique || !protocols.every(isToken) || (lines.length > 0 && protocols.length === 0)) {
    throw invalid('Sec-WebSocket-Protocol is not a list of different tokens (RFC 6455 §4.1).');
  }
  return protocols;
}

function invalid(message: string, status = 400, headers: Readonly<Record<string, string>> = {}): GatewayError {
  return new GatewayError('OCELOT_ERR_UPGRADE_INVALID', { message, status, headers });
}
