import { isIPv4, isIPv6 } from 'node:net';

import { type ProxyHeader, ProxyHeaderError } from './proxy-announcement.js';

/** The longest line there is, its CRLF included. */
const MOST_BYTES = 107;

/** What every line of version 1 begins with. */
export const TEXT_BEGIN: Buffer = Buffer.from('PROXY ');

/**
 * Reads the line of version 1 (proxy-protocol.txt §2.1), which `bytes` begin with.
 * @returns undefined when its end is still to come.
 * @throws ProxyHeaderError
 */
export function readTextHeader(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, MOST_BYTES).indexOf('\n');
  if (end < 0) {
    if (bytes.length < MOST_BYTES) return undefined;
    throw new ProxyHeaderError(`the line of its PROXY header has no end within ${MOST_BYTES} bytes`);
  }
  const line = bytes.toString('latin1', 0, end + 1);
  if (line.indexOf('\r') !== end - 1) throw new ProxyHeaderError('the line of its PROXY header does not end in CRLF');
  const [, family = '', ...fields] = line.slice(0, -2).split(' ');
  const size = end + 1;
  if (family === 'UNKNOWN') return { size, client: undefined };
  const isAddress = FAMILIES.get(family);
  if (isAddress === undefined) throw new ProxyHeaderError('its PROXY header names neither TCP4, TCP6 nor UNKNOWN');
  const [source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = fields;
  if (!isAddress(source) || !isAddress(destination))
    throw new ProxyHeaderError(`its PROXY header holds no two addresses of ${family}`);
  if (!isPort(sourcePort) || !isPort(destinationPort) || more.length > 0)
    throw new ProxyHeaderError('its PROXY header does not end in two ports');
  return { size, client: { address: source, port: Number(sourcePort), tls: false } };
}

const FAMILIES: ReadonlyMap<string, (text: string) => boolean> = new Map([
  // Node allows no leading zeros either.
  ['TCP4', isIPv4],
  ['TCP6', (text: string): boolean => isIPv6(text) && !text.includes('%')],
]);

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}
