import * as fc from 'fast-check';
import { describe, expect } from 'vitest';

import { ChunkedReader } from '../../src/handshake/chunked-reader.js';
import { chunksOf, type CutBytes, cutBytes } from './byte-arbitraries.js';
import { fuzz } from './fuzz.js';
import { readWithNode } from './node-http-client.js';

const HEAD = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');

/**
 * What Node judges and we throw away unread, because it ends at this hop: blanks and extensions behind a size
 * (RFC 9112 §7.1.1), and trailer fields.
 */
const DROPPED = /[0-9a-f][\t ;]|(?:^|\n)0+[^\r]*\r\n(?!\r\n)/i;

/** The content of a body, undefined while it is not whole, or why it is none. */
function read(input: CutBytes): { readonly body: string; readonly isWhole: boolean } | { readonly fault: string } {
  const parts: Buffer[] = [];
  const reader = new ChunkedReader((bytes) => void parts.push(Buffer.from(bytes)));
  let isWhole = false;
  try {
    for (const chunk of chunksOf(input)) isWhole = reader.push(chunk);
  } catch (error) {
    return { fault: String(error) };
  }
  return { body: Buffer.concat(parts).toString('latin1'), isWhole };
}

/** Without what stands behind the body: for Node that is a fault of its own. */
function upToEnd(bytes: Buffer): Buffer {
  const reader = new ChunkedReader(() => undefined);
  const last = bytes.findIndex((byte) => reader.push(Buffer.from([byte])));
  return bytes.subarray(0, last + 1);
}

async function check(input: CutBytes): Promise<void> {
  const whole = read({ bytes: input.bytes, cuts: [] });
  const inPieces = read(input);
  if ('fault' in whole) {
    expect(inPieces).toHaveProperty('fault');
    return;
  }
  expect(inPieces).toEqual(whole);
  if (!whole.isWhole) return;
  const node = await readWithNode({ bytes: Buffer.concat([HEAD, upToEnd(input.bytes)]), cuts: [] });
  const body = node.kind === 'head' ? node.body?.toString('latin1') : undefined;
  if (body === undefined) expect(input.bytes.toString('latin1'), 'only we read it').toMatch(DROPPED);
  else expect(body, 'Node reads the same').toBe(whole.body);
}

const chunk = fc
  .record({
    content: fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }),
    zeros: fc.nat(3),
    extension: fc.constantFrom('', '', ';a', ';a=b', ' ;a="b;c"', ' '),
  })
  .map(
    ({ content, zeros, extension }) =>
      `${'0'.repeat(zeros)}${content.length.toString(16)}${extension}\r\n${content}\r\n`,
  );

const bodies = fc
  .record({
    chunks: fc.array(chunk, { maxLength: 4 }),
    trailer: fc.constantFrom('', '', 'X: y\r\n', 'X: y\r\nZ:\r\n'),
    behind: fc.constantFrom('', '', 'HTTP/1.1 200 OK\r\n\r\n', '0\r\n\r\n'),
  })
  .map(({ chunks, trailer, behind }) => Buffer.from(`${chunks.join('')}0\r\n${trailer}\r\n${behind}`, 'latin1'));

describe('ChunkedReader', () => {
  fuzz({ name: 'chunked-bodies', inputs: cutBytes(bodies), runs: 500, check });
});
