import type { Duplex } from 'node:stream';
import type { Server, TLSSocket } from 'node:tls';

import type { Gateway } from '@ocelot/core';

import type { Front } from './http1-front.js';
import { inheritPeer } from './peer.js';
import type { TlsMaterial } from './tls-material.js';
import { tlsServer } from './tls-server.js';

/** What connections are handed to once their handshake is done. */
export interface TlsFrontInit {
  readonly gateway: Gateway;
  readonly material: TlsMaterial;
  /** See {@link tlsServer}. */
  readonly ticketSecret: Buffer;
  readonly http1: Front;
  readonly http2: Front;
}

/**
 * Serves TLS: does the handshake, checks the client's certificate where one is wanted, and hands the connection to
 * whoever speaks the protocol that was agreed on (ALPN).
 */
export class TlsFront implements Front {
  readonly #init: Omit<TlsFrontInit, 'material'>;
  #server: Server;

  constructor({ material, ...init }: TlsFrontInit) {
    this.#init = init;
    this.#server = this.#create(material);
  }

  /** New handshakes take `material`; what is connected stays as it is. */
  renew(material: TlsMaterial): void {
    this.#server = this.#create(material);
  }

  serve(connection: Duplex): void {
    this.#server.emit('connection', connection);
  }

  stop(): void {
    this.#init.http1.stop();
    this.#init.http2.stop();
  }

  #create(material: TlsMaterial): Server {
    const { gateway, ticketSecret, http1, http2 } = this.#init;
    const { log } = gateway;
    const { clientCertificates } = material.settings;
    const server = tlsServer(material, ticketSecret, gateway.settings.listener.headersTimeoutMs);
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // Scanners and clients that do not know our authority come at any rate: for debugging only.
      log.debug({ code: error.code, err: error, peer: socket.remoteAddress }, 'TLS handshake failed');
      // After a handshake that took too long Node leaves that to us.
      socket.destroy();
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', (error) => log.debug({ err: error, peer: socket.remoteAddress }, 'client socket failed'));
      if (!inheritPeer(socket)) {
        log.error({}, 'this version of Node does not show what a TLS connection runs on: it was closed');
        socket.destroy();
        return;
      }
      const refused = clientCertificates === 'off' ? undefined : refusal(socket, clientCertificates === 'required');
      if (refused !== undefined) {
        log.debug({ reason: refused, peer: socket.remoteAddress }, 'client certificate refused');
        socket.destroy();
      } else (socket.alpnProtocol === 'h2' ? http2 : http1).serve(socket);
    });
    return server;
  }
}

/**
 * Why the certificate of a client, or that there is none, ends its connection. Node calls a resumed session of a client
 * without one `authorized`, so the certificate itself is looked for.
 */
function refusal(socket: TLSSocket, isRequired: boolean): string | undefined {
  if (socket.getPeerX509Certificate() === undefined) return isRequired ? 'none was shown' : undefined;
  if (socket.authorized) return undefined;
  // Typed as an Error; Node gives the code of OpenSSL.
  return String(socket.authorizationError);
}
