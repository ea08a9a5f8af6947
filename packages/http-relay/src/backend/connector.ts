import { isIP } from 'node:net';

import { type BackendAddress, type BackendTlsOptions } from '@ocelot/relay-kit';
import { buildConnector } from 'undici';

import { VersionRefused } from './call-failure.js';

/** Whether HTTP/2 is spoken: never, where ALPN offers it, or in any case. */
export type Http2Use = 'never' | 'offered' | 'always';

/** How one backend is connected to. */
export interface ConnectorOptions {
  readonly address: BackendAddress;
  /** Undefined: without TLS. */
  readonly tls: BackendTlsOptions | undefined;
  /** TCP and TLS together; 0: no limit. */
  readonly connectMs: number;
  /** 0: off. */
  readonly keepAliveMs: number;
  readonly http2: Http2Use;
}

/** The name that is sent as SNI: an IP address has no place there (RFC 6066 §3). */
export function serverNameOf(address: BackendAddress, tls: BackendTlsOptions): string | undefined {
  if (tls.serverName !== undefined) return tls.serverName;
  return 'path' in address || isIP(address.host) !== 0 ? undefined : address.host;
}

/** What `tls.connect` is told of certificates. */
export function tlsOptionsOf({ rejectUnauthorized, secureContext }: BackendTlsOptions): object {
  return { rejectUnauthorized, ...(secureContext === undefined ? {} : { secureContext }) };
}

/**
 * Makes what undici connects with. The address is fixed here: nothing of a request's URL or Host decides where a
 * connection goes.
 */
export function backendConnector(options: ConnectorOptions): buildConnector.connector {
  const { address, tls, connectMs, keepAliveMs, http2 } = options;
  const serverName = tls === undefined ? undefined : serverNameOf(address, tls);
  const connect = buildConnector({
    timeout: connectMs,
    keepAlive: keepAliveMs > 0,
    keepAliveInitialDelay: keepAliveMs,
    allowH2: tls !== undefined && http2 !== 'never',
    ...('path' in address ? { socketPath: address.path } : {}),
    ...(tls === undefined ? {} : tlsOptionsOf(tls)),
  });
  const target =
    'path' in address
      ? { hostname: 'localhost', host: 'localhost', port: '' }
      : { hostname: address.host, host: address.host, port: String(address.port) };
  return (_, callback) => {
    const protocol = tls === undefined ? 'http:' : 'https:';
    connect({ protocol, ...target, ...(serverName === undefined ? {} : { servername: serverName }) }, (...result) => {
      const [error, socket] = result;
      if (error === null && http2 === 'always') {
        // Without TLS both sides just know (RFC 9113 §3.3); undici looks for the name that ALPN would have found.
        if (tls === undefined) Object.assign(socket, { alpnProtocol: 'h2' });
        else if ('alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
          socket.destroy();
          callback(new VersionRefused(), null);
          return;
        }
      }
      callback(...result);
    });
  };
}
