import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';

import type { Endpoint } from '@ocelot/core';
import { backendAddress, type BackendTlsOptions } from '@ocelot/relay-kit';

/** Where a check goes. */
export interface CheckTarget {
  readonly endpoint: Endpoint;
  /** Undefined: without TLS. */
  readonly tls: BackendTlsOptions | undefined;
}

/** Name of the event after which a socket to the target stands. */
export function connectedEvent({ tls }: CheckTarget): 'connect' | 'secureConnect' {
  return tls === undefined ? 'connect' : 'secureConnect';
}

/**
 * Connects as the relays do: host and port or Unix-domain socket, with the route's certificates. The caller listens for
 * errors at once and destroys the socket.
 */
export function connectEndpoint({ endpoint, tls }: CheckTarget): Socket {
  const address = backendAddress(endpoint);
  if (tls === undefined) return connectTcp(address);
  const { secureContext, serverName, rejectUnauthorized } = tls;
  const name = serverName ?? ('host' in address ? address.host : '');
  return connectTls({
    ...address,
    // A name only: RFC 6066 §3 has no addresses in SNI.
    servername: isIP(name) === 0 ? name : '',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized,
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(serverName === undefined
      ? {}
      : { checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate) }),
  });
}
