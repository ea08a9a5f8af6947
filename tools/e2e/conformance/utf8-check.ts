/**
 * Judges a stream of bytes as UTF-8 (RFC 3629) as soon as a byte is wrong, not when the text is whole: surrogates,
 * overlong forms and what lies above U+10FFFF are refused at the first byte that tells (Autobahn's "fail fast").
 */
export class Utf8Check {
  /** Continuation bytes that must still come. */
  #missing = 0;
  #low = 0x80;
  #high = 0xbf;

  /** Whether the text may end here. */
  get isWhole(): boolean {
    return this.#missing === 0;
  }

  /** @returns false at the first byte that cannot stand there. */
  push(bytes: Buffer): boolean {
    for (const byte of bytes) if (!this.#take(byte)) return false;
    return true;
  }

  #take(byte: number): boolean {
    if (this.#missing === 0) {
      if (byte < 0x80) return true;
      return this.#begin(byte);
    }
    if (byte < this.#low || byte > this.#high) return false;
    this.#missing -= 1;
    this.#low = 0x80;
    this.#high = 0xbf;
    return true;
  }

  #begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#low = 0xa0;
    if (byte === 0xed) this.#high = 0x9f;
    if (byte === 0xf0) this.#low = 0x90;
    if (byte === 0xf4) this.#high = 0x8f;
    return true;
  }
}
