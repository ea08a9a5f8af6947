import { isIP } from 'node:net';

import { type BackendAddress, type BackendTlsOptions } from '@ocelot/relay-kit';
import { buildConnector } from 'undici';

/** How one backend is connected to. */
export interface ConnectorOptions {
  readonly address: BackendAddress;
  /** Undefined: without TLS. */
  readonly tls: BackendTlsOptions | undefined;
  /** TCP and TLS together; 0: no limit. */
  readonly connectMs: number;
  /** 0: off. */
  readonly keepAliveMs: number;
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
  const { address, tls, connectMs, keepAliveMs } = options;
  const serverName = tls === undefined ? undefined : serverNameOf(address, tls);
  const connect = buildConnector({
    timeout: connectMs,
    keepAlive: keepAliveMs > 0,
    keepAliveInitialDelay: keepAliveMs,
    ...('path' in address ? { socketPath: address.path } : {}),
    ...(tls === undefined ? {} : tlsOptionsOf(tls)),
  });
  const target =
    'path' in address
      ? { hostname: 'localhost', host: 'localhost', port: '' }
      : { hostname: address.host, host: address.host, port: String(address.port) };
  const protocol = tls === undefined ? 'http:' : 'https:';
  const names = serverName === undefined ? {} : { servername: serverName };
  return (_, callback) => connect({ protocol, ...target, ...names }, callback);
}
