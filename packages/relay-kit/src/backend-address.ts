import { type Endpoint, unixSocketPath } from '@ocelot/core';

// Core needs both for header transforms; relays find them here, beside the rest of what a connection is made with.
export { hostHeader, usesTls } from '@ocelot/core';

/** Where `net.connect` and `tls.connect` find an endpoint. */
export type BackendAddress = { readonly path: string } | { readonly host: string; readonly port: number };

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

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
