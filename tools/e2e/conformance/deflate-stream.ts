import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

const WINDOW_BYTES = 32_768;
/** What a sender takes off each message and a receiver puts back (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** Compresses messages of one direction (RFC 7692 §7.2.1), each with what came before it as its window. */
export class MessageDeflater {
  readonly #keepsContext: boolean;
  #window: Buffer = Buffer.alloc(0);

  constructor(keepsContext = true) {
    this.#keepsContext = keepsContext;
  }

  deflate(data: Buffer): Buffer {
    const whole = deflateRawSync(data, { ...dictionary(this.#window), finishFlush: constants.Z_SYNC_FLUSH });
    if (this.#keepsContext) this.#window = lastOf(this.#window, data);
    return whole.subarray(0, whole.length - TAIL.length);
  }
}

/** Expands messages of one direction (RFC 7692 §7.2.2). */
export class MessageInflater {
  #window: Buffer = Buffer.alloc(0);

  /** @throws when the bytes are no DEFLATE stream, or give more than `limit`. */
  inflate(data: Buffer, limit: number): Buffer {
    const message = inflateRawSync(Buffer.concat([data, TAIL]), {
      ...dictionary(this.#window),
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: limit,
    });
    this.#window = lastOf(this.#window, message);
    return message;
  }
}

function dictionary(window: Buffer): { readonly dictionary?: Buffer } {
  return window.length > 0 ? { dictionary: window } : {};
}

function lastOf(window: Buffer, data: Buffer): Buffer {
  return Buffer.concat([window, data]).subarray(-WINDOW_BYTES);
}
