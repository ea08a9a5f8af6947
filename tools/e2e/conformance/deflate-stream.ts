import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

/** What was agreed on for each direction: whether a message may refer to the ones before it (RFC 7692 §7.1.1). */
export interface DeflateTerms {
  readonly client: { readonly keepsContext: boolean };
  readonly backend: { readonly keepsContext: boolean };
}

/** Reads the terms from a 101; undefined: nothing is compressed. */
export function deflateTerms(extensions: string | undefined): DeflateTerms | undefined {
  if (extensions === undefined) return undefined;
  return {
    client: { keepsContext: !extensions.includes('client_no_context_takeover') },
    backend: { keepsContext: !extensions.includes('server_no_context_takeover') },
  };
}

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
  readonly #keepsContext: boolean;
  #window: Buffer = Buffer.alloc(0);

  constructor(keepsContext = true) {
    this.#keepsContext = keepsContext;
  }

  /** @throws when the bytes are no DEFLATE stream, or give more than `limit`. */
  inflate(data: Buffer, limit: number): Buffer {
    const message = inflateRawSync(Buffer.concat([data, TAIL]), {
      ...dictionary(this.#window),
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: limit,
    });
    if (this.#keepsContext) this.#window = lastOf(this.#window, message);
    return message;
  }
}

function dictionary(window: Buffer): { readonly dictionary?: Buffer } {
  return window.length > 0 ? { dictionary: window } : {};
}

function lastOf(window: Buffer, data: Buffer): Buffer {
  return Buffer.concat([window, data]).subarray(-WINDOW_BYTES);
}
