import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { shouldUpgrade } from '@ocelot/ws-relay';

const DECLINED = new WeakSet<IncomingMessage>();

/**
 * Option of `http.createServer`, for versions of Node that know it: an upgrade to something else than WebSocket (`h2c`) is
 * a plain request from the start. See {@link endDeclined}, and {@link declineUpgrade} for other versions.
 */
export const onlyWebSockets: object = {
  shouldUpgradeCallback(request: IncomingMessage): boolean {
    if (shouldUpgrade(request)) return true;
    DECLINED.add(request);
    return false;
  },
};

/**
 * Has the answer to a declined upgrade be the last on its connection: Node (22.23, 24.21, 26.10) loses what was
 * pipelined behind such a request, and a client that is told so sends it again.
 */
export function endDeclined(request: IncomingMessage, response: ServerResponse): void {
  if (DECLINED.has(request)) response.shouldKeepAlive = false;
}

/**
 * Serves a request that offers an upgrade which nobody here accepts (`h2c`, `TLS/1.0`) as the plain request that it also
 * is (RFC 9110 §7.8), on versions of Node that take every upgrade out of HTTP before anybody is asked (before 22.21 and
 * 24.9).
 *
 * The head is written anew without its `Upgrade` lines and put back before what followed it, and the server reads the
 * connection from there on: the body, pipelined requests and all limits are its business again. `Connection` stays, so
 * that what it names (`HTTP2-Settings`) is removed as hop-by-hop. The server's listeners of `connection` see it twice.
 *
 * @param rest what came behind the head, as the event `upgrade` hands it over.
 */
export function declineUpgrade(server: Server, request: IncomingMessage, socket: Duplex, rest: Buffer): void {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.toLowerCase() !== 'upgrade') head += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  socket.unshift(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), rest]));
  server.emit('connection', socket);
}
