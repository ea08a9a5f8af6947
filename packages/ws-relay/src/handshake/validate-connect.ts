import { randomBytes } from 'node:crypto';

import { type ClientPeer, createGatewayRequest, createUpgradeRequest, type UpgradeRequest } from '@ocelot/core';
import { headerValues } from '@ocelot/relay-kit';

import type { AskFirstMessage } from './client-handshake.js';
import {
  invalidHandshake,
  offeredProtocols,
  refuseBody,
  singleHeader,
  WEBSOCKET_VERSION,
} from './offered-handshake.js';

/** Small headers cost several times their bytes in memory: their number is limited too. */
const MAX_HEADER_COUNT = 1000;

/** Headers of a connection, which HTTP/2 has none of (RFC 9113 §8.2.2); `te` may say `trailers`. */
const OF_THE_CONNECTION = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
];

/** What a backend answers with its accept key (RFC 6455 §4.1). */
const KEY_BYTES = 16;

/** An extended CONNECT, its head taken apart. */
interface ConnectHead {
  readonly pseudo: Readonly<Partial<Record<string, string>>>;
  /** Without pseudo-headers, as HTTP/1.1 has it: the authority as `host`, one `cookie`. */
  readonly rawHeaders: readonly string[];
}

/**
 * Checks an extended CONNECT (RFC 8441 §4 and §5, RFC 9113 §8.2.2, §8.3) and makes the request that stages and routing
 * see: the GET it would be over HTTP/1.1, with a key of its own for the backend.
 * @param received Name, value, …, pseudo-headers among them, as node:http2 gives them.
 * @param firstMessage What a stage may ask for ({@link UpgradeRequest.firstMessage}).
 * @throws GatewayError UPGRADE_INVALID with 400, 405 (no `:protocol`), 431 or 501 (another protocol).
 */
export function validateConnect(
  received: readonly string[],
  client: ClientPeer,
  firstMessage?: AskFirstMessage,
): UpgradeRequest {
  if (received.length / 2 > MAX_HEADER_COUNT) throw invalidHandshake('There are too many headers.', 431);
  const { pseudo, rawHeaders } = takeApart(received);
  const { ':protocol': protocol, ':scheme': scheme, ':path': path = '' } = pseudo;
  if (protocol === undefined) {
    throw invalidHandshake('CONNECT is served for WebSockets only (RFC 8441).', 405, { Allow: 'GET' });
  }
  if (protocol.toLowerCase() !== 'websocket') {
    throw invalidHandshake('Only the protocol websocket is served here.', 501);
  }
  if (scheme !== 'http' && scheme !== 'https') throw invalidHandshake('The :scheme is neither http nor https.');
  if (!path.startsWith('/')) throw invalidHandshake('The :path does not begin with a slash.');
  refuseConnectionHeaders(rawHeaders);
  refuseBody(rawHeaders);
  if (singleHeader(rawHeaders, 'Sec-WebSocket-Version') !== WEBSOCKET_VERSION) {
    // No 426: it would have to name its protocol in Upgrade, which HTTP/2 does not have.
    throw invalidHandshake('Only version 13 of the WebSocket protocol is served.', 400, {
      'Sec-WebSocket-Version': WEBSOCKET_VERSION,
    });
  }
  const request = createGatewayRequest({ kind: 'upgrade', method: 'GET', target: path, rawHeaders, client });
  return createUpgradeRequest(request, {
    key: randomBytes(KEY_BYTES).toString('base64'),
    protocols: offeredProtocols(rawHeaders),
    extensions: request.header('sec-websocket-extensions'),
    firstMessage,
  });
}

function takeApart(received: readonly string[]): ConnectHead {
  const pseudo: Partial<Record<string, string>> = {};
  const rest: string[] = [];
  const cookies: string[] = [];
  for (let i = 0; i + 1 < received.length; i += 2) {
    const name = received[i] ?? '';
    const value = received[i + 1] ?? '';
    if (name.startsWith(':')) pseudo[name] = value;
    else if (name === 'cookie') cookies.push(value);
    else if (name !== 'host') rest.push(name, value);
  }
  // Browsers send one field per cookie; beyond HTTP/2 they are one again (RFC 9113 §8.2.3).
  if (cookies.length > 0) rest.push('cookie', cookies.join('; '));
  return { pseudo, rawHeaders: ['host', authorityOf(pseudo[':authority'], received), ...rest] };
}

/** RFC 9113 §8.3.1: `:authority` counts, and `Host` may not say anything else. */
function authorityOf(authority: string | undefined, received: readonly string[]): string {
  const host = singleHeader(received, 'Host');
  const given = authority ?? host ?? '';
  if (given === '') throw invalidHandshake('There is no :authority.');
  if (host !== undefined && host.toLowerCase() !== given.toLowerCase()) {
    throw invalidHandshake('The Host header is not what :authority says.');
  }
  return given;
}

function refuseConnectionHeaders(rawHeaders: readonly string[]): void {
  const found = OF_THE_CONNECTION.find((name) => headerValues(rawHeaders, name).length > 0);
  if (found !== undefined || headerValues(rawHeaders, 'te').some((value) => value.toLowerCase() !== 'trailers')) {
    throw invalidHandshake(`HTTP/2 has no ${found ?? 'te'} header (RFC 9113 §8.2.2).`);
  }
}
