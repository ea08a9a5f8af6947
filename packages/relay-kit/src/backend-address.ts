import { type Endpoint, type GatewayRequest, type Route, unixSocketPath } from '@ocelot/core';

/** Where `net.connect` and `tls.connect` find an endpoint. */
export type BackendAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Port that a URL of the scheme leaves out. */
const DEFAULT_PORT = { plain: 80, tls: 443 } as const;

/** The address of an endpoint: host and port, or the path of its Unix-domain socket. */
export function backendAddress(endpoint: Endpoint): BackendAddress {
  const path = unixSocketPath(endpoint);
  return path === undefined ? { host: endpoint.host, port: endpoint.port } : { path };
}

/** The endpoint as logs and errors name it: `host:port`, `[::1]:port` or `unix:/path`. */
export function endpointName(endpoint: Endpoint): string {
  if (unixSocketPath(endpoint) !== undefined) return endpoint.host;
  return `${bracketed(endpoint.host)}:${endpoint.port}`;
}

/**
 * The endpoint as authority (RFC 9110 §7.2): IPv6 in brackets, the scheme's own port left out. A Unix-domain socket has
 * none; its backend is told `localhost`.
 */
export function hostHeader(endpoint: Endpoint, tls: boolean): string {
  if (unixSocketPath(endpoint) !== undefined) return 'localhost';
  const { host, port } = endpoint;
  const name = bracketed(host);
  return port === (tls ? DEFAULT_PORT.tls : DEFAULT_PORT.plain) ? name : `${name}:${port}`;
}

/**
 * Whether the backend is spoken to over TLS: the route's scheme, else the endpoint's, else as the client came. `ws` and
 * `http` mean the same, and so do `wss` and `https`: what is asked decides between a socket and a plain request.
 */
export function usesTls(route: Route, endpoint: Endpoint, request: GatewayRequest): boolean {
  const scheme = route.scheme ?? endpoint.scheme ?? (request.client.tls ? 'https' : 'http');
  return scheme === 'https' || scheme === 'wss';
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
