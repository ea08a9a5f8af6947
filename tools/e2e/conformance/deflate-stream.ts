import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

/** What a sender keeps to. */
export interface SenderTerms {
  /** A message may refer to the ones before it (RFC 7692 §7.1.1). */
  readonly keepsContext: boolean;
  /** Nothing refers to what lies further back than 2 to this power (§7.1.2). */
  readonly windowBits: number;
}

/** What was agreed on for each sender. */
export interface DeflateTerms {
  readonly client: SenderTerms;
  readonly backend: SenderTerms;
}

const WIDEST: SenderTerms = { keepsContext: true, windowBits: 15 };

/** Reads the terms from a 101; undefined: nothing is compressed. */
export function deflateTerms(extensions: string | undefined): DeflateTerms | undefined {
  if (extensions === undefined) return undefined;
  const terms = (sender: 'client' | 'server'): SenderTerms => ({
    keepsContext: !extensions.includes(`${sender}_no_context_takeover`),
    windowBits: Number(new RegExp(`${sender}_max_window_bits=(\\d+)`).exec(extensions)?.[1] ?? 15),
  });
  return { client: terms('client'), backend: terms('server') };
}

/** What a sender takes off each message and a receiver puts back (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** Compresses messages of one direction (RFC 7692 §7.2.1), each with what came before it as its window. */
export class MessageDeflater {
  readonly #terms: SenderTerms;
  #window: Buffer = Buffer.alloc(0);

  constructor(terms: SenderTerms = WIDEST) {
    this.#terms = terms;
  }

  deflate(data: Buffer): Buffer {
    const { keepsContext, windowBits } = this.#terms;
    const whole = deflateRawSync(data, {
      ...dictionary(this.#window),
      windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    if (keepsContext) this.#window = lastOf(this.#window, data, windowBits);
    return whole.subarray(0, whole.length - TAIL.length);
  }
}

/** Expands messages of one direction (RFC 7692 §7.2.2). */
export class MessageInflater {
  readonly #terms: SenderTerms;
  #window: Buffer = Buffer.alloc(0);

  constructor(terms: SenderTerms = WIDEST) {
    this.#terms = terms;
  }

  /** @throws when the bytes are no DEFLATE stream, or give more than `limit`. */
  inflate(data: Buffer, limit: number): Buffer {
    const { keepsContext, windowBits } = this.#terms;
    const message = inflateRawSync(Buffer.concat([data, TAIL]), {
      ...dictionary(this.#window),
      windowBits,
      // zlib finds what lies beyond the window only where it has left the buffer that is being filled.
      chunkSize: 2 ** windowBits,
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: limit,
    });
    if (keepsContext) this.#window = lastOf(this.#window, message, windowBits);
    return message;
  }
}

function dictionary(window: Buffer): { readonly dictionary?: Buffer } {
  return window.length > 0 ? { dictionary: window } : {};
}

function lastOf(window: Buffer, data: Buffer, windowBits: number): Buffer {
  return Buffer.concat([window, data]).subarray(-(2 ** windowBits));
}
