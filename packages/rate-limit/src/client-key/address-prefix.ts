import ipaddr from 'ipaddr.js';

/**
 * The part of an address that stands for one client: an IPv4 address itself (also when mapped into IPv6), of an IPv6
 * address its first bits, since one client is given a whole network of them (RFC 6177).
 * @param prefixLength Bits of an IPv6 address that count, 1 to 128.
 * @returns undefined when the text is no address: a Unix-domain socket has none.
 */
export function addressPrefix(address: string, prefixLength: number): string | undefined {
  // The common case costs no allocation.
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return address;
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const bytes = parsed.toByteArray().map((byte, index) => {
    const kept = Math.min(Math.max(prefixLength - index * 8, 0), 8);
    return byte & (0xff00 >> kept) & 0xff;
  });
  return `${new ipaddr.IPv6(bytes).toRFC5952String()}/${prefixLength}`;
}
