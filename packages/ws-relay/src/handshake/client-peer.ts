import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

import type { ClientPeer } from '@ocelot/core';

/** The peer of the client's TCP connection; a Unix-domain socket and an in-memory stream have no address. */
export function clientPeer(socket: Duplex): ClientPeer {
  const isTcp = socket instanceof Socket;
  return {
    address: isTcp ? (socket.remoteAddress ?? '') : '',
    port: isTcp ? (socket.remotePort ?? 0) : 0,
    tls: socket instanceof TLSSocket,
  };
}
