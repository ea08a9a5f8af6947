import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { AnnouncedClient } from './proxy-announcement.js';

/**
 * Has everybody see the client that a balancer announced as the peer of the balancer's connection. Call it before
 * anybody reads the address.
 */
export function announcePeer(socket: Socket, client: AnnouncedClient): void {
  pin(socket, client.address, client.port);
  // What servers ask to find out whether their client came by TLS.
  if (client.tls) Object.defineProperty(socket, 'encrypted', { value: true });
}

/**
 * Has a TLS socket show the peer of the connection below it: an announced one too, and also when the client is gone
 * meanwhile and the system knows no address any more.
 *
 * Node does not document the way down, but each version has had it. Where it is missing, nobody can be told apart.
 *
 * @returns false when the peer is not known: nobody may be served then.
 */
export function inheritPeer(socket: TLSSocket): boolean {
  const { _parent: connection } = socket as TLSSocket & { readonly _parent?: Socket };
  if (!(connection instanceof Socket)) return false;
  pin(socket, connection.remoteAddress, connection.remotePort);
  return true;
}

/**
 * Has Node keep the address of a TCP connection that was just accepted.
 *
 * Attack: a client sends a request and resets the connection at once. What it sent is still read, but the system knows
 * no address any more, and an unknown address passes IP lists and means a trusted peer where `unix:` is trusted.
 *
 * @returns false when the client is gone already: there is nobody to serve.
 */
export function keepPeer(socket: Socket): boolean {
  return socket.remoteAddress !== undefined;
}

function pin(socket: Socket, address: string | undefined, port: number | undefined): void {
  Object.defineProperty(socket, 'remoteAddress', { value: address });
  Object.defineProperty(socket, 'remotePort', { value: port });
}
