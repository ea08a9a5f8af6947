import ipaddr from 'ipaddr.js';

/**
 * The part of an address that stands for one client: an IPv4 address itself (also when mapped into IPv6), an IPv6
 * address's first 64 bits. Text that is no address stands for itself.
 */
export function addressGroup(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const bytes = parsed.toByteArray();
  return `${new ipaddr.IPv6([...bytes.slice(0, 8), ...Array<number>(8).fill(0)]).toString()}/64`;
}
