import { crc32c } from '../../src/front/crc32c.js';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A header of the PROXY protocol, version 2. */
export function binaryHeader(versionAndCommand: number, family: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const fixed = Buffer.from(`${SIGNATURE}\0\0\0\0`, 'latin1');
  fixed.writeUInt8(versionAndCommand, 12);
  fixed.writeUInt8(family, 13);
  fixed.writeUInt16BE(body.length, 14);
  return Buffer.concat([fixed, body]);
}

/** The same with a checksum behind the addresses. */
export function checksummed(
  versionAndCommand: number,
  family: number,
  addresses: Buffer,
  ...more: readonly Buffer[]
): Buffer {
  const header = binaryHeader(versionAndCommand, family, addresses, extension(0x03, Buffer.alloc(4)), ...more);
  header.writeUInt32BE(crc32c(header), 16 + addresses.length + 3);
  return header;
}

/** From an IPv4 address to 198.51.100.1:443. */
export function inet(source: string, port: number): Buffer {
  return addresses(Buffer.from(source.split('.').map(Number)), Buffer.from([198, 51, 100, 1]), port);
}

/** From an IPv6 address, given as 32 hexadecimal digits, to [::1]:443. */
export function inet6(source: string, port: number): Buffer {
  return addresses(Buffer.from(source, 'hex'), Buffer.from('1'.padStart(32, '0'), 'hex'), port);
}

/** From a Unix-domain socket to another one. */
export function unixPaths(source: string): Buffer {
  const both = Buffer.alloc(216);
  both.write(source, 0);
  both.write('/run/balancer', 108);
  return both;
}

/** Type, length, value (§2.2). */
export function extension(type: number, value: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
}

function addresses(source: Buffer, destination: Buffer, port: number): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port, 0);
  ports.writeUInt16BE(443, 2);
  return Buffer.concat([source, destination, ports]);
}
