import type { IncomingMessage } from 'node:http';

import { namesWebSocket } from './handshake/validate-request.js';

/**
 * Whether a request is to be treated as an upgrade: only when it asks for `websocket`. Pass it to
 * `http.createServer({ shouldUpgradeCallback: shouldUpgrade })` where Node knows that option (22.21, 24.9 and later): requests
 * that offer something else (`h2c`, `TLS/1.0`) are then served as plain HTTP/1.1, as RFC 9110 §7.8 allows. Older
 * versions of Node take such a request out of HTTP before anybody is asked; the relay answers it with 400.
 */
export function shouldUpgrade(request: IncomingMessage): boolean {
  return namesWebSocket(request.rawHeaders);
}
