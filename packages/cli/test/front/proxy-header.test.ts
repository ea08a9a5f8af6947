import { array, assert, constantFrom, integer, ipV4, ipV6, nat, oneof, property, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { crc32c } from '../../src/front/crc32c.js';
import { type ProxyHeader, ProxyHeaderError } from '../../src/front/proxy-announcement.js';
import { readProxyHeader } from '../../src/front/proxy-header.js';
import { binaryHeader, checksummed, extension, inet, inet6, unixPaths } from './proxy-headers.js';

const read = (bytes: string | Uint8Array): ProxyHeader | undefined =>
  readProxyHeader(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes));

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const REQUEST = 'GET / HTTP/1.1\r\n\r\n';
const client = (address: string, port: number, tls = false): object => ({ address, port, tls });

describe('readProxyHeader, version 1 (proxy-protocol.txt §2.1)', () => {
  it.each([
    ['TCP4', 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n', client('192.0.2.7', 56_324)],
    ['TCP6', 'PROXY TCP6 2001:db8::7 2001:DB8::1 56324 443\r\n', client('2001:db8::7', 56_324)],
    ['IPv4 mapped into IPv6', 'PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n', client('::ffff:192.0.2.7', 1)],
    ['the smallest and the largest port', 'PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n', client('1.2.3.4', 0)],
    [
      'the longest IPv4 line',
      'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
      client('255.255.255.255', 65_535),
    ],
    ['UNKNOWN', 'PROXY UNKNOWN\r\n', undefined],
    ['UNKNOWN with anything behind it', 'PROXY UNKNOWN ffff::1 what \xff ever\r\n', undefined],
    ['UNKNOWN, 107 bytes long', `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`, undefined],
  ])('reads %s, and leaves what follows to the client', (_what, header, announced) => {
    expect(read(header + REQUEST)).toEqual({ size: header.length, client: announced });
  });

  it.each([
    ['leading zeros in an address', 'PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n'],
    ['a number above 255', 'PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n'],
    ['three numbers', 'PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n'],
    ['an IPv6 address as TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
    ['an IPv4 address as TCP6', 'PROXY TCP6 192.0.2.7 192.0.2.8 1 2\r\n'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n'],
    ['a bad destination', 'PROXY TCP4 192.0.2.7 nowhere 1 2\r\n'],
    ['a port above 65535', 'PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n'],
    ['leading zeros in a port', 'PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n'],
    ['a signed port', 'PROXY TCP4 192.0.2.7 198.51.100.1 +1 2\r\n'],
    ['no ports', 'PROXY TCP4 192.0.2.7 198.51.100.1\r\n'],
    ['one port', 'PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n'],
    ['three ports', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n'],
    ['two blanks', 'PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a blank at its end', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n'],
    ['a tab', 'PROXY TCP4\t192.0.2.7 198.51.100.1 1 2\r\n'],
    ['another family', 'PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a family that every object has', 'PROXY constructor 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a family in small letters', 'PROXY tcp4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a name that UNKNOWN begins', 'PROXY UNKNOWNS\r\n'],
    ['no family', 'PROXY \r\n'],
    ['a bare LF', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n'],
    ['a CR within', 'PROXY UNKNOWN \r \r\n'],
    ['108 bytes', `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`],
    ['107 bytes without an end', `PROXY UNKNOWN ${'f'.repeat(93)}`],
    ['small letters', 'proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['no header', REQUEST],
    ['a single byte of another protocol', 'G'],
    ['a TLS ClientHello', '\x16\x03\x01'],
  ])('refuses %s', (_what, bytes) => {
    expect(() => read(bytes)).toThrow(ProxyHeaderError);
  });
});

describe('readProxyHeader, version 2 (proxy-protocol.txt §2.2)', () => {
  it.each([
    ['TCP over IPv4', binaryHeader(0x21, 0x11, inet('192.0.2.7', 56_324)), client('192.0.2.7', 56_324)],
    [
      'TCP over IPv6',
      binaryHeader(0x21, 0x21, inet6('20010db8000000000000000000000007', 443)),
      client('2001:db8::7', 443),
    ],
    ['LOCAL', binaryHeader(0x20, 0x00), undefined],
    ['LOCAL with addresses, which do not count', binaryHeader(0x20, 0x11, inet('192.0.2.7', 1)), undefined],
    ['LOCAL with bytes that mean nothing', binaryHeader(0x20, 0xff, Buffer.from('??')), undefined],
    ['UNSPEC', binaryHeader(0x21, 0x00), undefined],
    ['UNSPEC with bytes that mean nothing', binaryHeader(0x21, 0x00, Buffer.alloc(5, 9)), undefined],
    ['UDP over IPv4', binaryHeader(0x21, 0x12, inet('192.0.2.7', 1)), undefined],
    ['a Unix-domain client', binaryHeader(0x21, 0x31, unixPaths('/run/client')), undefined],
    ['a Unix-domain datagram', binaryHeader(0x21, 0x32, unixPaths('')), undefined],
    [
      'extensions that are of no interest',
      binaryHeader(0x21, 0x11, inet('192.0.2.7', 1), extension(0x02, Buffer.from('a.example')), extension(0x04)),
      client('192.0.2.7', 1),
    ],
    [
      'as many extensions as there may be',
      binaryHeader(0x21, 0x31, unixPaths(''), extension(0x04, Buffer.alloc(4_093))),
      undefined,
    ],
    [
      'that the client spoke TLS',
      binaryHeader(0x21, 0x11, inet('192.0.2.7', 1), extension(0x20, Buffer.from([1, 0, 0, 0, 0]))),
      client('192.0.2.7', 1, true),
    ],
    [
      'that the client spoke no TLS',
      binaryHeader(0x21, 0x11, inet('192.0.2.7', 1), extension(0x20, Buffer.from([0, 0, 0, 0, 1]))),
      client('192.0.2.7', 1),
    ],
    [
      'a checksum that is right',
      checksummed(0x21, 0x11, inet('192.0.2.7', 1), extension(0x02, Buffer.from('a.example'))),
      client('192.0.2.7', 1),
    ],
  ])('reads %s, and leaves what follows to the client', (_what, header, announced) => {
    expect(read(Buffer.concat([header, Buffer.from(REQUEST)]))).toEqual({ size: header.length, client: announced });
  });

  const tampered = checksummed(0x21, 0x11, inet('192.0.2.7', 1));
  tampered.writeUInt8(8, 19);
  it.each([
    ['version 1', binaryHeader(0x11, 0x11, inet('192.0.2.7', 1))],
    ['version 3', binaryHeader(0x31, 0x11, inet('192.0.2.7', 1))],
    ['another command', binaryHeader(0x22, 0x11, inet('192.0.2.7', 1))],
    ['another family', binaryHeader(0x21, 0x41, inet('192.0.2.7', 1))],
    ['another transport', binaryHeader(0x21, 0x13, inet('192.0.2.7', 1))],
    ['IPv4 addresses that are cut', binaryHeader(0x21, 0x11, inet('192.0.2.7', 1).subarray(1))],
    ['IPv6 addresses that are cut', binaryHeader(0x21, 0x21, inet('192.0.2.7', 1))],
    ['an extension without length', binaryHeader(0x21, 0x11, inet('192.0.2.7', 1), Buffer.from([4, 0]))],
    ['an extension longer than the header', binaryHeader(0x21, 0x11, inet('192.0.2.7', 1), Buffer.from([4, 0, 1]))],
    ['a checksum that is wrong', tampered],
    ['a checksum of three bytes', binaryHeader(0x21, 0x11, inet('192.0.2.7', 1), extension(0x03, Buffer.alloc(3)))],
    ['a signature with one bit changed', Buffer.from('0d0a0d0a000d0a515549540b2111', 'hex')],
    ['a signature that is cut short by a request', Buffer.from(`\r\n\r\n${REQUEST}`)],
  ])('refuses %s', (_what, bytes) => {
    expect(() => read(bytes)).toThrow(ProxyHeaderError);
  });

  it('refuses a length above 4,312 before the bytes are there', () => {
    const announced = binaryHeader(0x21, 0x11, Buffer.alloc(4_313));
    expect(() => read(announced.subarray(0, 16))).toThrow('longer than 4312 bytes');
  });
});

describe('readProxyHeader, of any bytes', () => {
  const address = oneof(
    tuple(ipV4(), integer({ min: 0, max: 65_535 })).map(([ip, port]) => ({ family: 0x11, bytes: inet(ip, port) })),
    tuple(uint8Array({ minLength: 16, maxLength: 16 }), integer({ min: 0, max: 65_535 })).map(([ip, port]) => ({
      family: 0x21,
      bytes: inet6(Buffer.from(ip).toString('hex'), port),
    })),
  );
  const extensions = array(
    tuple(integer({ min: 4, max: 255 }), uint8Array({ maxLength: 60 })).map(([type, value]) =>
      extension(type, Buffer.from(value)),
    ),
    { maxLength: 5 },
  );

  it('needs the whole of a header, reads it then, and takes no byte more, wherever it was split', () => {
    const headers = oneof(
      tuple(address, extensions).map(([{ family, bytes }, more]) => binaryHeader(0x21, family, bytes, ...more)),
      tuple(ipV6(), ipV6(), nat(65_535), nat(65_535)).map((parts) => Buffer.from(`PROXY TCP6 ${parts.join(' ')}\r\n`)),
      tuple(ipV4(), ipV4(), nat(65_535)).map((parts) => Buffer.from(`PROXY TCP4 ${parts.join(' ')} 1\r\n`)),
    );
    assert(
      property(headers, uint8Array({ maxLength: 40 }), (header, rest) => {
        for (let size = 0; size < header.length; size += 1) expect(read(header.subarray(0, size))).toBeUndefined();
        const whole = read(header);
        expect(whole?.size).toBe(header.length);
        expect(read(Buffer.concat([header, Buffer.from(rest)]))).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('reads, waits or refuses, and never waits for more than 4,328 bytes', () => {
    const begin = constantFrom('', 'PROXY ', 'PROXY TCP4 ', 'PROXY UNKNOWN', SIGNATURE, `${SIGNATURE}!\x11`);
    assert(
      property(begin, uint8Array({ maxLength: 120 }), (known, more) => {
        const bytes = Buffer.concat([Buffer.from(known), Buffer.from(more)]);
        const outcomes = [bytes, Buffer.concat([bytes, Buffer.alloc(4_328)])].map(outcomeOf);
        expect(outcomes[1]).not.toBe('waits');
        if (outcomes[0] !== 'waits') expect(outcomes[1]).toBe(outcomes[0]);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses every header with a checksum in which one byte was changed', () => {
    const whole = checksummed(0x21, 0x11, inet('192.0.2.7', 1), extension(0x02, Buffer.from('a.example')));
    expect(whole.readUInt32BE(31)).not.toBe(crc32c(whole));
    for (let at = 16; at < 28; at += 1) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => read(changed)).toThrow('checksum');
    }
  });
});

function outcomeOf(bytes: Buffer): 'reads' | 'waits' | 'refuses' {
  try {
    return read(bytes) === undefined ? 'waits' : 'reads';
  } catch (error) {
    expect(error).toBeInstanceOf(ProxyHeaderError);
    return 'refuses';
  }
}
