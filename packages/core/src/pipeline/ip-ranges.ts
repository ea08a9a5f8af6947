import ipaddr from 'ipaddr.js';

import type { IpRules } from '../contracts/route.js';
import { GatewayError } from '../errors/gateway-error.js';

/**
 * A run of addresses of one family, both ends included. IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is IPv4 here, because a
 * dual-stack socket shows an IPv4 client in that form.
 */
export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

const BITS = { 4: 32, 6: 128 } as const;

/** `::ffff:0:0`, the first of the mapped addresses (RFC 4291 §2.5.5.2). */
const MAPPED = 0xffff00000000n;
const IPV4_LAST = 0xffffffffn;

/**
 * Reads one entry of an IP list, as Ocelot's lists take them: `10.0.0.1`, `10.0.0.1-10.0.0.9`, `10.0.0.1-9`,
 * `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, the same for IPv6, and whole decimal numbers for IPv4. Blanks around the parts,
 * an en dash for the hyphen, and an IPv6 zone (not compared) are accepted.
 *
 * @returns undefined when the entry cannot be read, or when its end lies before its begin.
 */
export function parseIpRange(text: string): IpRange | undefined {
  const entry = text.trim();
  const slash = entry.indexOf('/');
  if (slash >= 0) return parseNetwork(entry.slice(0, slash), entry.slice(slash + 1).trim());
  const dash = entry.search(/[-–]/);
  if (dash >= 0) return parseSpan(entry.slice(0, dash).trim(), entry.slice(dash + 1).trim());
  const address = parseWritten(entry);
  return address && { family: address.family, first: address.value, last: address.value };
}

/**
 * Compiles a list of entries into a test of addresses. Ranges are merged and searched by halving, so long lists cost
 * little; nothing is expanded.
 *
 * @throws GatewayError CONFIG_INVALID naming the entry that cannot be read. It is never left out in silence: an allow
 *   list with a slip of the pen would be open to everybody.
 */
export function compileIpSet(entries: readonly string[]): (address: string) => boolean {
  const ranges = entries.map((entry) => {
    const range = parseIpRange(entry);
    if (range !== undefined) return range;
    throw new GatewayError('OCELOT_ERR_CONFIG_INVALID', {
      message: `"${entry}" is no IP address, range or network.`,
      details: { entry },
    });
  });
  if (ranges.length === 0) return () => false;
  const sorted = { 4: merge(ranges, 4), 6: merge(ranges, 6) };
  return (address) => {
    const parsed = parseAddress(address);
    return parsed !== undefined && holds(sorted[parsed.family], parsed.value);
  };
}

/**
 * Compiles `SecurityOptions` into a test of client addresses: blocked ones are refused, then, where there is an allow
 * list, all that are not on it. An address on both lists is refused unless `excludeAllowedFromBlocked`.
 *
 * The empty address (a Unix-domain socket has none) passes, as in Ocelot; a text that is no address passes only if
 * both lists are empty.
 *
 * @throws GatewayError CONFIG_INVALID naming the entry that cannot be read.
 */
export function compileIpRules(rules: IpRules): (address: string) => boolean {
  const { allowed, blocked, excludeAllowedFromBlocked } = rules;
  if (allowed.length === 0 && blocked.length === 0) return () => true;
  const isAllowed = compileIpSet(allowed);
  const isBlocked = compileIpSet(blocked);
  return (address) => {
    if (address === '') return true;
    if (parseAddress(address) === undefined) return false;
    const onAllowList = isAllowed(address);
    if (isBlocked(address) && !(excludeAllowedFromBlocked && onAllowList)) return false;
    return onAllowList || allowed.length === 0;
  };
}

/**
 * The text of an address as we show and compare it: IPv4 dotted, also when it came mapped; IPv6 as RFC 5952 writes it,
 * without zone. For addresses from sockets and from `X-Forwarded-For`/`Forwarded`.
 *
 * @returns undefined when the text is no address.
 */
export function normalizeIpAddress(text: string): string | undefined {
  // The common case costs no allocation: four decimal parts are their own normal form.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  if (!text.includes(':')) return undefined;
  const bare = text.replace(/%.*$/s, '');
  if (!ipaddr.IPv6.isValid(bare)) return undefined;
  const address = ipaddr.IPv6.parse(bare);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

/** An address on the wire: no short or numeric forms, those exist in lists only. */
function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return parseWritten(text);
}

/** An address in a list; as .NET reads it, so that `192.168.1111` is 192.168.4.87. */
function parseWritten(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    return ipaddr.IPv4.isValid(text) ? { family: 4, value: toBigInt(ipaddr.IPv4.parse(text)) } : undefined;
  }
  const bare = text.replace(/%.*$/s, '');
  if (!ipaddr.IPv6.isValid(bare)) return undefined;
  const value = toBigInt(ipaddr.IPv6.parse(bare));
  return value >= MAPPED && value <= MAPPED + IPV4_LAST ? { family: 4, value: value - MAPPED } : { family: 6, value };
}

function toBigInt(address: { toByteArray(): number[] }): bigint {
  let value = 0n;
  for (const byte of address.toByteArray()) value = (value << 8n) | BigInt(byte);
  return value;
}

function parseNetwork(base: string, mask: string): IpRange | undefined {
  const address = parseWritten(base.trim());
  if (address === undefined) return undefined;
  const isMapped = address.family === 4 && base.includes(':');
  const written = prefixLength(mask, base.includes(':') ? 6 : 4);
  if (written === undefined) return undefined;
  if (isMapped && written < 96) return undefined;
  const prefix = isMapped ? written - 96 : written;
  const hostBits = (1n << BigInt(BITS[address.family] - prefix)) - 1n;
  const first = (address.value | hostBits) ^ hostBits;
  return { family: address.family, first, last: first | hostBits };
}

function prefixLength(mask: string, family: 4 | 6): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask) <= BITS[family] ? Number(mask) : undefined;
  if (family === 4) {
    return ipaddr.IPv4.isValid(mask) ? (ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask() ?? undefined) : undefined;
  }
  return ipaddr.IPv6.isValid(mask) ? (ipaddr.IPv6.parse(mask).prefixLengthFromSubnetMask() ?? undefined) : undefined;
}

function parseSpan(begin: string, end: string): IpRange | undefined {
  const from = parseWritten(begin);
  if (from === undefined) return undefined;
  const isShort = /^\d+$/.test(end) && ipaddr.IPv4.isValidFourPartDecimal(begin);
  const to = parseWritten(isShort ? begin.replace(/\d+$/, end) : end);
  if (to === undefined || (isShort && Number(end) > 255)) return undefined;
  if (from.family !== to.family || from.value > to.value) return undefined;
  return { family: from.family, first: from.value, last: to.value };
}

function merge(ranges: readonly IpRange[], family: 4 | 6): readonly IpRange[] {
  const merged: IpRange[] = [];
  const ofFamily = ranges.filter((range) => range.family === family);
  for (const range of ofFamily.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const previous = merged.at(-1);
    if (previous === undefined || range.first > previous.last + 1n) merged.push(range);
    else if (range.last > previous.last) merged[merged.length - 1] = { ...previous, last: range.last };
  }
  return merged;
}

function holds(ranges: readonly IpRange[], value: bigint): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined) return false;
    if (value < range.first) high = middle - 1;
    else if (value > range.last) low = middle + 1;
    else return true;
  }
  return false;
}
