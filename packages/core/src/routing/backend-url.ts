import type { Endpoint } from '../contracts/endpoint.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { Route } from '../contracts/route.js';
import { unixSocketPath } from './unix-socket.js';

/**
 * Whether the backend is spoken to over TLS: the route's scheme, else the endpoint's, else as the client came. `ws` and
 * `http` mean the same, and so do `wss` and `https`: what is asked decides between a socket and a plain request.
 */
export function usesTls(
  route: Pick<Route, 'scheme'>,
  endpoint: Pick<Endpoint, 'scheme'>,
  request: Pick<GatewayRequest, 'client'>,
): boolean {
  const scheme = route.scheme ?? endpoint.scheme ?? (request.client.tls ? 'https' : 'http');
  return scheme === 'https' || scheme === 'wss';
}

/**
 * The endpoint as authority (RFC 9110 §7.2), which is what its backend finds in the Host header: IPv6 in brackets, the
 * scheme's own port left out. A Unix-domain socket has none; its backend is told `localhost`.
 */
export function hostHeader(endpoint: Endpoint, tls: boolean): string {
  if (unixSocketPath(endpoint) !== undefined) return 'localhost';
  const { host, port } = endpoint;
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}

/** Where the backend believes to be: `http://host:port`, `https://host`; without a slash at the end. */
export function backendBaseUrl(route: Route, endpoint: Endpoint, request: GatewayRequest): string {
  const tls = usesTls(route, endpoint, request);
  return `${tls ? 'https' : 'http'}://${hostHeader(endpoint, tls)}`;
}
