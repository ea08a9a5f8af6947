import type { IncomingMessage } from 'node:http';

import { type ClientPeer, createGatewayRequest, createUpgradeRequest, type UpgradeRequest } from '@ocelot/core';
import { hasToken, headerValues } from '@ocelot/relay-kit';

import type { AskFirstMessage } from './client-handshake.js';
import {
  invalidHandshake,
  offeredProtocols,
  refuseBody,
  singleHeader,
  WEBSOCKET_VERSION,
} from './offered-handshake.js';

/** 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Whether a request asks for a WebSocket: `Upgrade` lists `websocket`, in any case, on any of its lines. */
export function namesWebSocket(rawHeaders: readonly string[]): boolean {
  return hasToken(headerValues(rawHeaders, 'upgrade'), 'websocket');
}

/**
 * Checks a handshake (RFC 6455 §4.2.1, and §9.2 of RFC 9110 for what a GET may not carry) and makes the request that
 * stages and routing see.
 * @param firstMessage What a stage may ask for ({@link UpgradeRequest.firstMessage}).
 * @throws GatewayError UPGRADE_INVALID with 400, 405 (`Allow`) or 426 (`Sec-WebSocket-Version`).
 */
export function validateRequest(
  request: IncomingMessage,
  client: ClientPeer,
  firstMessage?: AskFirstMessage,
): UpgradeRequest {
  const { rawHeaders } = request;
  if (!namesWebSocket(rawHeaders)) throw invalidHandshake('Only upgrades to websocket are served here.');
  const method = request.method ?? '';
  if (method !== 'GET') {
    throw invalidHandshake(`A WebSocket handshake is a GET request, not ${method}.`, 405, { Allow: 'GET' });
  }
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor < 1) {
    throw invalidHandshake('A WebSocket handshake needs HTTP/1.1.');
  }
  if (!hasToken(headerValues(rawHeaders, 'connection'), 'upgrade')) {
    throw invalidHandshake('The Connection header does not name upgrade.');
  }
  refuseBody(rawHeaders);
  checkVersion(rawHeaders);
  const key = singleHeader(rawHeaders, 'Sec-WebSocket-Key');
  if (key === undefined || !KEY.test(key))
    throw invalidHandshake('Sec-WebSocket-Key is missing or is not 16 bytes in base64.');
  const received = createGatewayRequest({ kind: 'upgrade', method, target: request.url ?? '', rawHeaders, client });
  return createUpgradeRequest(received, {
    key,
    protocols: offeredProtocols(rawHeaders),
    extensions: received.header('sec-websocket-extensions'),
    firstMessage,
  });
}

function checkVersion(rawHeaders: readonly string[]): void {
  if (singleHeader(rawHeaders, 'Sec-WebSocket-Version') === WEBSOCKET_VERSION) return;
  throw invalidHandshake('Only version 13 of the WebSocket protocol is served.', 426, {
    'Sec-WebSocket-Version': WEBSOCKET_VERSION,
    Upgrade: 'websocket',
  });
}
