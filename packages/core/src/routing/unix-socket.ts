import type { Endpoint } from '../contracts/endpoint.js';

/** A Unix-domain socket as the host of an endpoint: an absolute path, without what no path can hold. */
const UNIX_SOCKET = /^unix:(\/[^\u0000-\u001f\u007f]+)$/;

/** The path of an endpoint that is a Unix-domain socket (`unix:/run/app.sock`); undefined for one with a port. */
export function unixSocketPath({ host }: Pick<Endpoint, 'host'>): string | undefined {
  return typeof host === 'string' && host.startsWith('unix:') ? UNIX_SOCKET.exec(host)?.[1] : undefined;
}
