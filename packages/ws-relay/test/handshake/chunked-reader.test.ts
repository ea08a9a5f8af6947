import { describe, expect, it } from 'vitest';

import { ChunkedReader } from '../../src/handshake/chunked-reader.js';

function read(text: string, cut = text.length): { readonly content: string; readonly isDone: boolean } {
  let content = '';
  const reader = new ChunkedReader((bytes) => {
    content += bytes.toString('latin1');
  });
  const bytes = Buffer.from(text, 'latin1');
  const isDone = reader.push(bytes.subarray(0, cut)) || reader.push(bytes.subarray(cut));
  return { content, isDone };
}

describe('ChunkedReader (RFC 9112 §7.1)', () => {
  it('reads the same content wherever the bytes are cut', () => {
    const text = '5;name="va;lue"\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n';
    for (let cut = 0; cut <= text.length; cut += 1)
      expect(read(text, cut)).toEqual({ content: 'hello!', isDone: true });
  });

  it('is not done before the blank line behind the last chunk', () => {
    expect(read('1\r\na\r\n0\r\n').isDone).toBe(false);
  });

  it.each([
    ['no size', '\r\n'],
    ['a size that is no number', 'x\r\n'],
    ['a negative size', '-1\r\n'],
    ['a size beyond 48 bits', 'fffffffffffff\r\n'],
    ['a bare LF behind a size', '1\na\r\n'],
    ['a chunk longer than its size', '1\r\nab\r\n'],
    ['a line without end', 'a'.repeat(5000)],
    ['a trailer without end', `0\r\n${`X: ${'y'.repeat(4000)}\r\n`.repeat(5)}`],
  ])('refuses %s', (_, text) => {
    expect(() => read(text)).toThrow(/chunk/);
  });
});
