import { compileIpSet } from './ip-ranges.js';

/** The entry of `TrustedProxies` for whoever connects through a Unix-domain socket: a proxy on the same machine. */
const UNIX = 'unix:';

/** Whether an entry of `TrustedProxies` stands for the peers of a Unix-domain socket, which have no address. */
export function meansUnixPeers(entry: string): boolean {
  return entry.trim().toLowerCase() === UNIX;
}

/**
 * Compiles `GlobalConfiguration.Gateway.TrustedProxies` into a test of peers. For core, and for a host that lets nobody
 * else speak the PROXY protocol. The empty address is that of a Unix-domain socket, and trusted only by the entry
 * `unix:`.
 *
 * @throws GatewayError CONFIG_INVALID naming the entry that cannot be read.
 */
export function compileTrustedPeers(entries: readonly string[]): (address: string) => boolean {
  const isListed = compileIpSet(entries.filter((entry) => !meansUnixPeers(entry)));
  const trustsUnix = entries.some((entry) => meansUnixPeers(entry));
  return (address) => (address === '' ? trustsUnix : isListed(address));
}
