import { SocketAddress } from 'node:net';

import { crc32c } from './crc32c.js';
import { type AnnouncedClient, type ProxyHeader, ProxyHeaderError } from './proxy-announcement.js';

/** The twelve bytes that every header of version 2 begins with. */
export const SIGNATURE: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** Signature, version and command, family, length. */
const FIXED_BYTES = 16;
/** Addresses of two Unix-domain sockets, and extensions: room for a client certificate's names many times over. */
const MOST_LENGTH = 216 + 4_096;

const VERSION = 2;
const LOCAL = 0;
const PROXY = 1;

/** Bytes that the two addresses and ports of a family take. */
const ADDRESS_BYTES: readonly number[] = [0, 12, 36, 216];
const UNSPECIFIED = 0;
const INET = 1;
const INET6 = 2;
const STREAM = 1;
const DATAGRAM = 2;

const TYPE_CRC32C = 0x03;
const TYPE_SSL = 0x20;
const CLIENT_SSL = 0x01;

/**
 * Reads a header of version 2 (proxy-protocol.txt §2.2), whose signature `bytes` begin with. Extensions are walked: a
 * checksum is checked, one that says that the client spoke TLS is believed, all others are skipped.
 * @returns undefined when more bytes are needed.
 * @throws ProxyHeaderError
 */
export function readBinaryHeader(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const versionAndCommand = bytes.readUInt8(12);
  if (versionAndCommand >> 4 !== VERSION)
    throw new ProxyHeaderError(`its PROXY header is of version ${versionAndCommand >> 4}`);
  const command = versionAndCommand & 0x0f;
  if (command > PROXY) throw new ProxyHeaderError(`its PROXY header holds the unknown command ${command}`);
  const length = bytes.readUInt16BE(14);
  if (length > MOST_LENGTH) throw new ProxyHeaderError(`its PROXY header is longer than ${MOST_LENGTH} bytes`);
  const size = FIXED_BYTES + length;
  if (bytes.length < size) return undefined;
  const header = bytes.subarray(0, size);
  if (command === LOCAL) return { size, client: undefined };
  return { size, client: readClient(header) };
}

/** @returns undefined for what is no TCP connection, after its extensions were checked all the same. */
function readClient(header: Buffer): AnnouncedClient | undefined {
  const family = header.readUInt8(13) >> 4;
  const transport = header.readUInt8(13) & 0x0f;
  const addressBytes = ADDRESS_BYTES[family];
  if (addressBytes === undefined || transport > DATAGRAM)
    throw new ProxyHeaderError(`its PROXY header holds the unknown family ${family}, transport ${transport}`);
  // Nothing tells addresses from extensions then.
  if (family === UNSPECIFIED || transport === UNSPECIFIED) return undefined;
  const begin = FIXED_BYTES + addressBytes;
  if (header.length < begin) throw new ProxyHeaderError('its PROXY header is shorter than the addresses in it');
  const tls = walkExtensions(header, begin);
  if (transport !== STREAM) return undefined;
  if (family === INET) return { address: dotted(header.subarray(16, 20)), port: header.readUInt16BE(24), tls };
  if (family === INET6) return { address: colons(header.subarray(16, 32)), port: header.readUInt16BE(48), tls };
  return undefined;
}

/** @returns whether the client spoke TLS with the balancer. */
function walkExtensions(header: Buffer, begin: number): boolean {
  let tls = false;
  let offset = begin;
  while (offset < header.length) {
    const value = offset + 3;
    const end = value <= header.length ? value + header.readUInt16BE(offset + 1) : Infinity;
    if (end > header.length) throw new ProxyHeaderError('an extension of its PROXY header is longer than the header');
    const type = header.readUInt8(offset);
    if (type === TYPE_CRC32C) checkSum(header, value, end);
    else if (type === TYPE_SSL && end > value) tls = (header.readUInt8(value) & CLIENT_SSL) !== 0;
    offset = end;
  }
  return tls;
}

/** The sum is made over the whole header with zeros in the place of the sum (§2.2.3). */
function checkSum(header: Buffer, begin: number, end: number): void {
  const isRight =
    end - begin === 4 &&
    header.readUInt32BE(begin) === crc32c(header.subarray(0, begin), Buffer.alloc(4), header.subarray(end));
  if (!isRight) throw new ProxyHeaderError('the checksum of its PROXY header is wrong');
}

function dotted(bytes: Buffer): string {
  return bytes.join('.');
}

function colons(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
