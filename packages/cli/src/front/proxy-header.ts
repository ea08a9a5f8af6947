import { type ProxyHeader, ProxyHeaderError } from './proxy-announcement.js';
import { readTextHeader, TEXT_BEGIN } from './proxy-header-v1.js';
import { readBinaryHeader, SIGNATURE } from './proxy-header-v2.js';

/**
 * Reads the PROXY protocol header, version 1 or 2, that a connection begins with (proxy-protocol.txt §2, published with
 * HAProxy). Which of the two it is shows in its first byte; a connection without one is refused, never guessed about.
 *
 * @param bytes everything that came so far, from the first byte on.
 * @returns undefined when more bytes are needed; of version 1 never more than 107, of version 2 never more than 4,328.
 * @throws ProxyHeaderError as soon as the bytes cannot become a header any more.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (beginsLike(bytes, SIGNATURE)) return bytes.length < SIGNATURE.length ? undefined : readBinaryHeader(bytes);
  if (beginsLike(bytes, TEXT_BEGIN)) return bytes.length < TEXT_BEGIN.length ? undefined : readTextHeader(bytes);
  throw new ProxyHeaderError('it does not begin with a PROXY protocol header');
}

/** Whether the bytes are a begin of `expected`, or go on behind it. */
function beginsLike(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length);
  return bytes.subarray(0, length).equals(expected.subarray(0, length));
}
