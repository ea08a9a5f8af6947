import { type Socket, createServer } from 'node:net';

import type { Gateway } from '@ocelot/core';

import { ConnectionGate } from './connection-gate.js';
import { http1Front } from './front/http1-front.js';
import { http2Front } from './front/http2-front.js';
import { type PortOptions, openPort } from './front/open-port.js';
import { keepPeer } from './front/peer.js';
import { proxyAcceptor } from './front/proxy-acceptor.js';
import { relayListeners } from './front/relay-listeners.js';
import { TlsFront } from './front/tls-front.js';
import type { TlsMaterial } from './front/tls-material.js';
import { unixSocketOf } from './front/unix-socket-file.js';

/** Where to listen, and what clients may take. */
export interface ListenOptions extends Omit<PortOptions, 'exclusive'> {
  /** Undefined: clients speak plain text, and HTTP/1.1. */
  readonly tls?: ListenTls | undefined;
  /** @default 1 s */
  readonly checkIntervalMs?: number;
}

/** What TLS with clients needs. */
export interface ListenTls {
  readonly material: TlsMaterial;
  /** Of which the keys of session tickets are made; the same in all workers. */
  readonly ticketSecret: Buffer;
}

/** An open port. */
export interface Listener {
  /** `http://H:P` or `https://H:P` with the port that was given out, or `unix:/PATH`. */
  readonly url: string;
  /** New handshakes take these certificates and settings; connections stay as they are. Nothing without TLS. */
  renewTls(material: TlsMaterial): void;
  /** Stops accepting and closes connections without a request. Open sockets stay. Idempotent. */
  stop(): void;
  /** Cuts whatever is still connected. Idempotent. */
  destroy(): void;
}

/**
 * Opens the port and connects it with the relays of the gateway. The way of a connection: the gate counts it or turns
 * it away, the balancer's PROXY header is read and TLS is begun where they are configured, then its protocol is served.
 * Every socket has an error listener before anything else sees it, and its peer's address as long as it is open.
 * @throws CommandError with exit code 3 when the port is taken or not allowed, 2 when the host is none of this machine.
 */
export async function listen(gateway: Gateway, options: ListenOptions): Promise<Listener> {
  const { log } = gateway;
  const { host, tls, reusePort = false, socketMode } = options;
  const isTcp = unixSocketOf(host) === undefined;
  const gate = new ConnectionGate(gateway, tls === undefined);
  const listeners = relayListeners(gateway);
  const http1 = http1Front(gateway, listeners, options.checkIntervalMs);
  const secured =
    tls === undefined
      ? undefined
      : new TlsFront({ ...tls, gateway, http1, http2: http2Front(gateway, gate, listeners) });
  const front = secured ?? http1;
  const serve = gateway.settings.listener.proxyProtocol
    ? proxyAcceptor(gateway, (socket) => front.serve(socket))
    : (socket: Socket) => front.serve(socket);
  // Half-open, as Node's own HTTP server has it: a client that sent all it had is still answered.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    socket.on('error', (error) => log.debug({ err: error, peer: socket.remoteAddress }, 'client socket failed'));
    if (isTcp && !keepPeer(socket)) socket.destroy();
    else if (gate.admit(socket)) serve(socket);
  });
  const port = await openPort(server, { host, port: options.port, reusePort, socketMode });
  server.on('error', (error) => log.error({ err: error }, 'the listening socket failed'));
  return {
    url: isTcp ? `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}` : host,
    renewTls: (material) => secured?.renew(material),
    stop() {
      if (server.listening) server.close();
      front.stop();
    },
    destroy() {
      gate.destroy();
    },
  };
}
