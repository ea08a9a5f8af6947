import { GatewayError } from '@ocelot/core';

import { hasToken, headerValues, trimBlanks } from '@ocelot/relay-kit';

/** Limits of a backend's answer. Node's own client stops at 16 KiB; answers with many cookies need more. */
export const MAX_HEAD_BYTES = 65_536;
export const MAX_HEADER_COUNT = 500;
/** 100 and 103 may come several times; a backend that sends nothing else has no answer. */
const MAX_INFORMATIONAL = 16;

/** A backend's answer to the handshake, without its body. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Minor version of HTTP/1. */
  readonly httpMinor: number;
  /** Name, value, …: order, case and duplicates kept. */
  readonly rawHeaders: readonly string[];
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
/** Blanks around the value are taken off afterwards: a pattern for them takes time by the square of their number. */
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/;
/** Room for most heads; it doubles when a head needs more. */
const FIRST_ROOM_BYTES = 2048;
const STATUS_PREFIX = Buffer.from('HTTP/1.', 'latin1');
const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads the head of a backend's answer as its bytes arrive, however they are cut (RFC 9112 §4, §5). It is strict: a
 * bare LF, NUL, a folded line, a blank before a colon are refused, not repaired, since client and gateway might repair
 * them differently. Interim answers (100, 103) are skipped.
 */
export class ResponseHeadReader {
  /** What came and was not read yet: the first `#length` bytes. */
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_ROOM_BYTES);
  #length = 0;
  /** Up to here the bytes are whole lines. */
  #lineStart = 0;
  #searched = 0;
  #informational = 0;

  /**
   * Takes the next bytes and copies what it needs of them.
   * @returns the head and the bytes behind it, or undefined while it is not complete. Not to be called after a head.
   * @throws GatewayError BACKEND_HANDSHAKE_INVALID as soon as the answer cannot become a valid one.
   */
  push(chunk: Buffer): { readonly head: ResponseHead; readonly rest: Buffer } | undefined {
    this.#append(chunk);
    for (;;) {
      const end = this.#findEnd();
      if (end === -1) return undefined;
      const head = parseHead(this.#bytes.toString('latin1', 0, end - 4));
      if (head.status >= 200 || head.status === 101) return { head, rest: this.#bytes.subarray(end, this.#length) };
      checkInterim(head);
      this.#informational += 1;
      if (this.#informational > MAX_INFORMATIONAL) throw refused('sends interim answers without end');
      this.#bytes.copyWithin(0, end, this.#length);
      this.#length -= end;
      this.#lineStart = 0;
      this.#searched = 0;
    }
  }

  /** A head that comes byte by byte is not copied anew for each of them. */
  #append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  /** Looks for the blank line in what is new. @returns the offset behind it, or -1. */
  #findEnd(): number {
    const bytes = this.#bytes.subarray(0, this.#length);
    const known = Math.min(bytes.length, STATUS_PREFIX.length);
    if (bytes.compare(STATUS_PREFIX, 0, known, 0, known) !== 0) throw refused('does not answer in HTTP/1');
    for (;;) {
      const lineEnd = bytes.indexOf(LF, this.#searched);
      if (lineEnd === -1) {
        this.#searched = bytes.length;
        if (bytes.length > MAX_HEAD_BYTES) throw refused(`sends a head of more than ${MAX_HEAD_BYTES} bytes`);
        return -1;
      }
      if (lineEnd === this.#lineStart || bytes[lineEnd - 1] !== CR) throw refused('ends a header line without CR');
      const isBlank = lineEnd - 1 === this.#lineStart;
      this.#lineStart = lineEnd + 1;
      this.#searched = lineEnd + 1;
      if (this.#lineStart > MAX_HEAD_BYTES) throw refused(`sends a head of more than ${MAX_HEAD_BYTES} bytes`);
      if (isBlank) return this.#lineStart;
    }
  }
}

/** An interim answer neither has a body nor ends the connection, and HTTP/1.0 knows none (RFC 9110 §15.2, §8.6). */
function checkInterim({ httpMinor, rawHeaders }: ResponseHead): void {
  const has = (name: string): boolean => headerValues(rawHeaders, name).length > 0;
  const ends = hasToken(headerValues(rawHeaders, 'connection'), 'close');
  if (httpMinor === 0 || ends || has('content-length') || has('transfer-encoding')) {
    throw refused('sends an interim answer that is none');
  }
}

function parseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(statusLine);
  if (status === null) throw refused('sends an invalid status line');
  if (lines.length > MAX_HEADER_COUNT) throw refused(`sends more than ${MAX_HEADER_COUNT} headers`);
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const header = HEADER_LINE.exec(line);
    if (header === null) throw refused('sends an invalid header line');
    rawHeaders.push(header[1] ?? '', trimBlanks(header[2] ?? ''));
  }
  return { status: Number(status[2]), reason: status[3] ?? '', httpMinor: Number(status[1]), rawHeaders };
}

function refused(fault: string): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_HANDSHAKE_INVALID', { details: { fault: `the backend ${fault}` } });
}
