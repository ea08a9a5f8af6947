import type { Endpoint } from '../../contracts/endpoint.js';
import type { Scheme } from '../../contracts/route.js';
import type { FileHostAndPort } from '../file-config.js';
import { unixSocketPath } from '../../routing/unix-socket.js';

/** The port a scheme stands for. A route without scheme is spoken to as the client came; 80 is taken then. */
export function defaultPort(scheme: Scheme | undefined): number {
  return scheme === 'wss' || scheme === 'https' ? 443 : 80;
}

/** The scheme of a route in lower case; undefined when it names none. Unknown ones were reported as errors. */
export function schemeOf(text: string | undefined): Scheme | undefined {
  const scheme = text?.trim().toLowerCase();
  return scheme === 'ws' || scheme === 'wss' || scheme === 'http' || scheme === 'https' ? scheme : undefined;
}

function portOf({ Host, Port }: FileHostAndPort, scheme: Scheme | undefined): number {
  if (unixSocketPath({ host: (Host ?? '').trim() }) !== undefined) return 0;
  return Port === undefined || Port <= 0 ? defaultPort(scheme) : Port;
}

/** Host as an {@link Endpoint} holds it: without blanks, an IPv6 address without brackets. */
function hostName(text: string): string {
  const host = text.trim();
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/**
 * The fixed endpoints of a route, in file order. A backend listed several times becomes one endpoint with that weight:
 * its share of new connections is the same, and connections are counted once.
 */
export function staticEndpoints(hosts: readonly FileHostAndPort[], scheme: Scheme | undefined): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const entry of hosts) {
    const host = hostName(entry.Host ?? '');
    const port = portOf(entry, scheme);
    const key = `${unixSocketPath({ host }) ?? host.toLowerCase()} ${port}`;
    const listed = endpoints.get(key) ?? { host, port, weight: 0, tags: [], metadata: {} };
    endpoints.set(key, { ...listed, weight: listed.weight + 1 });
  }
  return [...endpoints.values()];
}
