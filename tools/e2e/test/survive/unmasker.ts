const MASK_BIT = 0x80;
const NO_KEY = Buffer.alloc(4);

/** Turns a stream of masked frames into the same frames without their masks, whatever the pieces it comes in. */
export class Unmasker {
  #header = Buffer.alloc(0);
  #key = NO_KEY;
  #payloadLeft = 0;
  #payloadAt = 0;

  /** @returns what becomes of the next bytes of the stream. */
  push(chunk: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#payloadLeft === 0) {
        this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + 1)]);
        at += 1;
        const begun = this.#begin();
        if (begun !== undefined) parts.push(begun);
      } else {
        const payload = Buffer.from(chunk.subarray(at, at + this.#payloadLeft));
        const [a = 0, b = 0, c = 0, d = 0] = this.#key;
        const keys = [a, b, c, d];
        const start = this.#payloadAt;
        for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] ?? 0) ^ (keys[(start + i) & 3] ?? 0);
        this.#payloadAt += payload.length;
        this.#payloadLeft -= payload.length;
        at += payload.length;
        parts.push(payload);
      }
    }
    return Buffer.concat(parts);
  }

  /** The header without its mask, once it is whole. */
  #begin(): Buffer | undefined {
    const header = this.#header;
    if (header.length < 2) return undefined;
    const short = (header[1] ?? 0) & ~MASK_BIT;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (header.length < 2 + lengthBytes + 4) return undefined;
    this.#payloadLeft =
      lengthBytes === 0 ? short : lengthBytes === 2 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
    this.#payloadAt = 0;
    this.#key = header.subarray(2 + lengthBytes);
    this.#header = Buffer.alloc(0);
    const unmasked = Buffer.from(header.subarray(0, 2 + lengthBytes));
    unmasked[1] = short;
    return unmasked;
  }
}
