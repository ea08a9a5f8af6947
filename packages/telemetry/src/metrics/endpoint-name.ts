import type { Endpoint } from '@ocelot/core';

/** `host:port`; the path of a Unix-domain socket stands alone. */
export function endpointName({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  if (port === 0) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
