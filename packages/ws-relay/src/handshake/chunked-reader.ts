/** Longest line of a chunk's size with its extensions, and all of the trailer. */
const MAX_LINE_BYTES = 4096;
const MAX_TRAILER_BYTES = 16_384;

const SIZE_LINE = /^([0-9a-fA-F]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const LF = 0x0a;

/** Where a chunked body stands. */
type State = 'size' | 'data' | 'dataEnd' | 'trailer' | 'done';

/**
 * Decodes a chunked body as its bytes arrive (RFC 9112 §7.1), so that the gateway knows where it ends and whether it
 * is whole. Extensions and trailer fields are dropped: they belong to this hop. Strict about line ends.
 */
export class ChunkedReader {
  readonly #data: (bytes: Buffer) => void;
  #state: State = 'size';
  #remaining = 0;
  #line = '';
  #trailerBytes = 0;

  /** @param data Receives the content, in order. */
  constructor(data: (bytes: Buffer) => void) {
    this.#data = data;
  }

  /**
   * Takes the next bytes; what stands behind the end of the body is ignored.
   * @returns whether the body is complete.
   * @throws Error when the bytes are no chunked body.
   */
  push(bytes: Buffer): boolean {
    let offset = 0;
    while (offset < bytes.length && this.#state !== 'done') {
      offset = this.#state === 'data' ? this.#passData(bytes, offset) : this.#takeLine(bytes, offset);
    }
    return this.#state === 'done';
  }

  #passData(bytes: Buffer, offset: number): number {
    const end = Math.min(bytes.length, offset + this.#remaining);
    this.#data(bytes.subarray(offset, end));
    this.#remaining -= end - offset;
    if (this.#remaining === 0) this.#state = 'dataEnd';
    return end;
  }

  #takeLine(bytes: Buffer, offset: number): number {
    const found = bytes.indexOf(LF, offset);
    const end = found === -1 ? bytes.length : found + 1;
    this.#line += bytes.toString('latin1', offset, end);
    if (this.#line.length > MAX_LINE_BYTES) throw new Error('a line of the chunked body is too long');
    if (found === -1) return end;
    if (!this.#line.endsWith('\r\n')) throw new Error('a line of the chunked body ends without CR');
    const line = this.#line.slice(0, -2);
    this.#line = '';
    this.#endLine(line);
    return end;
  }

  #endLine(line: string): void {
    if (this.#state === 'dataEnd') {
      if (line !== '') throw new Error('a chunk is longer than its size');
      this.#state = 'size';
    } else if (this.#state === 'size') {
      const size = SIZE_LINE.exec(line)?.[1];
      if (size === undefined) throw new Error('a chunk has no valid size');
      this.#remaining = Number.parseInt(size, 16);
      this.#state = this.#remaining === 0 ? 'trailer' : 'data';
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MAX_TRAILER_BYTES) throw new Error('the trailer of the chunked body is too long');
      if (line === '') this.#state = 'done';
    }
  }
}
