import type { Endpoint } from '../contracts/endpoint.js';
import { unixSocketPath } from '../routing/unix-socket.js';

/** The fields of an endpoint that a provider has to name, and those it may. */
export type EndpointFields = Pick<Endpoint, 'host' | 'port'> & Partial<Endpoint>;

/** What would end a host name in a URL or a header line: controls, blanks and the delimiters of RFC 3986 §3.2. */
const NOT_IN_A_HOST = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029/\\?#@[\]]/;

/**
 * Makes a complete, frozen endpoint, for whoever writes a discovery provider: `weight` is 1, `tags` and `metadata` are
 * empty unless given. Brackets around an IPv6 address are taken off. With the host `unix:/path` the port is 0.
 * @throws Error saying what is wrong when the host could not stand in a URL or a header (a blank, CR, LF, NUL, `/`,
 *   `@`, …), the port is not within 1 to 65535, or the weight is no number of 0 or more.
 */
export function createEndpoint(fields: EndpointFields): Endpoint {
  const { port, scheme, weight = 1, tags = [], metadata = {} } = fields;
  const path = unixSocketPath(fields);
  const host = typeof fields.host === 'string' ? fields.host.replace(/^\[([^[\]]*)\]$/, '$1') : '';
  const shown = JSON.stringify({ host: fields.host, port });
  if (path === undefined && (host === '' || NOT_IN_A_HOST.test(host)))
    throw new Error(`endpoint ${shown}: the host is not usable.`);
  if (path === undefined && (!Number.isInteger(port) || port < 1 || port > 65_535)) {
    throw new Error(`endpoint ${shown}: the port must be a whole number from 1 to 65535.`);
  }
  if (!Number.isFinite(weight) || weight < 0) {
    throw new Error(`endpoint ${shown}: the weight must be a number of 0 or more, not ${String(weight)}.`);
  }
  return Object.freeze({
    host,
    port: path === undefined ? port : 0,
    ...(scheme === undefined ? {} : { scheme }),
    weight,
    tags: Object.freeze([...tags]),
    metadata: Object.freeze({ ...metadata }),
  });
}
